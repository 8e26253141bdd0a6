from soko.catalog.v1 import catalog_pb2 as _catalog_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AddMediaRequest(_message.Message):
    __slots__ = ("product_id", "content", "alt")
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    ALT_FIELD_NUMBER: _ClassVar[int]
    product_id: str
    content: bytes
    alt: str
    def __init__(self, product_id: _Optional[str] = ..., content: _Optional[bytes] = ..., alt: _Optional[str] = ...) -> None: ...

class AddMediaResponse(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: _catalog_pb2.Media
    def __init__(self, media: _Optional[_Union[_catalog_pb2.Media, _Mapping]] = ...) -> None: ...

class GetRenditionRequest(_message.Message):
    __slots__ = ("id", "rendition")
    ID_FIELD_NUMBER: _ClassVar[int]
    RENDITION_FIELD_NUMBER: _ClassVar[int]
    id: str
    rendition: str
    def __init__(self, id: _Optional[str] = ..., rendition: _Optional[str] = ...) -> None: ...

class GetRenditionResponse(_message.Message):
    __slots__ = ("content", "content_type", "etag")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    content_type: str
    etag: str
    def __init__(self, content: _Optional[bytes] = ..., content_type: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...
