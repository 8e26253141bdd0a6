import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ShipmentItem(_message.Message):
    __slots__ = ("item_id", "quantity")
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    item_id: str
    quantity: int
    def __init__(self, item_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class ShipmentEvent(_message.Message):
    __slots__ = ("status", "occurred_at", "location")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    status: str
    occurred_at: _timestamp_pb2.Timestamp
    location: str
    def __init__(self, status: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., location: _Optional[str] = ...) -> None: ...

class Shipment(_message.Message):
    __slots__ = ("id", "order_id", "seller_order_id", "carrier", "tracking_number", "status", "items", "events")
    ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    order_id: str
    seller_order_id: str
    carrier: str
    tracking_number: str
    status: str
    items: _containers.RepeatedCompositeFieldContainer[ShipmentItem]
    events: _containers.RepeatedCompositeFieldContainer[ShipmentEvent]
    def __init__(self, id: _Optional[str] = ..., order_id: _Optional[str] = ..., seller_order_id: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., status: _Optional[str] = ..., items: _Optional[_Iterable[_Union[ShipmentItem, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[ShipmentEvent, _Mapping]]] = ...) -> None: ...

class CreateShipmentRequest(_message.Message):
    __slots__ = ("order_id", "seller_order_id", "carrier", "tracking_number", "items")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    seller_order_id: str
    carrier: str
    tracking_number: str
    items: _containers.RepeatedCompositeFieldContainer[ShipmentItem]
    def __init__(self, order_id: _Optional[str] = ..., seller_order_id: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., items: _Optional[_Iterable[_Union[ShipmentItem, _Mapping]]] = ...) -> None: ...

class CreateShipmentResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ...) -> None: ...

class RecordShipmentEventRequest(_message.Message):
    __slots__ = ("shipment_id", "status", "occurred_at", "location")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    status: str
    occurred_at: _timestamp_pb2.Timestamp
    location: str
    def __init__(self, shipment_id: _Optional[str] = ..., status: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., location: _Optional[str] = ...) -> None: ...

class RecordShipmentEventResponse(_message.Message):
    __slots__ = ("shipment",)
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    shipment: Shipment
    def __init__(self, shipment: _Optional[_Union[Shipment, _Mapping]] = ...) -> None: ...

class ReceiveCarrierUpdateRequest(_message.Message):
    __slots__ = ("body", "webhook_id", "webhook_timestamp", "webhook_signature", "event_id", "tracking_number", "carrier", "status", "occurred_at", "location")
    BODY_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_ID_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    body: bytes
    webhook_id: str
    webhook_timestamp: str
    webhook_signature: str
    event_id: str
    tracking_number: str
    carrier: str
    status: str
    occurred_at: _timestamp_pb2.Timestamp
    location: str
    def __init__(self, body: _Optional[bytes] = ..., webhook_id: _Optional[str] = ..., webhook_timestamp: _Optional[str] = ..., webhook_signature: _Optional[str] = ..., event_id: _Optional[str] = ..., tracking_number: _Optional[str] = ..., carrier: _Optional[str] = ..., status: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., location: _Optional[str] = ...) -> None: ...

class ReceiveCarrierUpdateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
