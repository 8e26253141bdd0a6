from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListPersonalDataRequest(_message.Message):
    __slots__ = ("cursor",)
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    def __init__(self, cursor: _Optional[str] = ...) -> None: ...

class PersonalRecord(_message.Message):
    __slots__ = ("kind", "id", "json")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    json: bytes
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., json: _Optional[bytes] = ...) -> None: ...

class ListPersonalDataResponse(_message.Message):
    __slots__ = ("records", "next_cursor")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[PersonalRecord]
    next_cursor: str
    def __init__(self, records: _Optional[_Iterable[_Union[PersonalRecord, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
