from soko.common.v1 import timeline_pb2 as _timeline_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetTimelineRequest(_message.Message):
    __slots__ = ("order_id", "token")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    token: str
    def __init__(self, order_id: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class GetTimelineResponse(_message.Message):
    __slots__ = ("entries", "whole", "trace_id", "account_id")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[_timeline_pb2.TimelineEntry]
    whole: bool
    trace_id: str
    account_id: str
    def __init__(self, entries: _Optional[_Iterable[_Union[_timeline_pb2.TimelineEntry, _Mapping]]] = ..., whole: _Optional[bool] = ..., trace_id: _Optional[str] = ..., account_id: _Optional[str] = ...) -> None: ...
