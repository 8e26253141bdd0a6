import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from soko.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OrderLine(_message.Message):
    __slots__ = ("id", "seller_order_id", "seller_id", "product_id", "variant_id", "quantity", "line_total")
    ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LINE_TOTAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    seller_order_id: str
    seller_id: str
    product_id: str
    variant_id: str
    quantity: int
    line_total: _money_pb2.Money
    def __init__(self, id: _Optional[str] = ..., seller_order_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., product_id: _Optional[str] = ..., variant_id: _Optional[str] = ..., quantity: _Optional[int] = ..., line_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class OrderState(_message.Message):
    __slots__ = ("order_id", "number", "account_id", "status", "payment_status", "fulfilment_status", "total", "lines", "cancel_reason", "version", "expires_at")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    number: str
    account_id: str
    status: str
    payment_status: str
    fulfilment_status: str
    total: _money_pb2.Money
    lines: _containers.RepeatedCompositeFieldContainer[OrderLine]
    cancel_reason: str
    version: int
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., number: _Optional[str] = ..., account_id: _Optional[str] = ..., status: _Optional[str] = ..., payment_status: _Optional[str] = ..., fulfilment_status: _Optional[str] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[OrderLine, _Mapping]]] = ..., cancel_reason: _Optional[str] = ..., version: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OrderPlaced(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class OrderAwaitingPayment(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class OrderConfirmed(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class OrderCancelled(_message.Message):
    __slots__ = ("order", "was_confirmed")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    WAS_CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    was_confirmed: bool
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ..., was_confirmed: _Optional[bool] = ...) -> None: ...

class OrderPaymentChanged(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class OrderDelivered(_message.Message):
    __slots__ = ("order_id", "seller_order_id", "seller_id", "delivered_at")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_AT_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    seller_order_id: str
    seller_id: str
    delivered_at: _timestamp_pb2.Timestamp
    def __init__(self, order_id: _Optional[str] = ..., seller_order_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., delivered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ShipmentLine(_message.Message):
    __slots__ = ("order_line_id", "variant_id", "quantity")
    ORDER_LINE_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    order_line_id: str
    variant_id: str
    quantity: int
    def __init__(self, order_line_id: _Optional[str] = ..., variant_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class ShipmentState(_message.Message):
    __slots__ = ("shipment_id", "order_id", "seller_order_id", "seller_id", "carrier", "tracking_number", "status", "lines")
    SHIPMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    CARRIER_FIELD_NUMBER: _ClassVar[int]
    TRACKING_NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    shipment_id: str
    order_id: str
    seller_order_id: str
    seller_id: str
    carrier: str
    tracking_number: str
    status: str
    lines: _containers.RepeatedCompositeFieldContainer[ShipmentLine]
    def __init__(self, shipment_id: _Optional[str] = ..., order_id: _Optional[str] = ..., seller_order_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., carrier: _Optional[str] = ..., tracking_number: _Optional[str] = ..., status: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ShipmentLine, _Mapping]]] = ...) -> None: ...

class ShipmentCreated(_message.Message):
    __slots__ = ("shipment", "order")
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    shipment: ShipmentState
    order: OrderState
    def __init__(self, shipment: _Optional[_Union[ShipmentState, _Mapping]] = ..., order: _Optional[_Union[OrderState, _Mapping]] = ...) -> None: ...

class ShipmentStatusChanged(_message.Message):
    __slots__ = ("shipment", "order", "occurred_at")
    SHIPMENT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    shipment: ShipmentState
    order: OrderState
    occurred_at: _timestamp_pb2.Timestamp
    def __init__(self, shipment: _Optional[_Union[ShipmentState, _Mapping]] = ..., order: _Optional[_Union[OrderState, _Mapping]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OrderItemsCancelled(_message.Message):
    __slots__ = ("order", "seller_order_id", "seller_id", "lines", "reason")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    order: OrderState
    seller_order_id: str
    seller_id: str
    lines: _containers.RepeatedCompositeFieldContainer[ShipmentLine]
    reason: str
    def __init__(self, order: _Optional[_Union[OrderState, _Mapping]] = ..., seller_order_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., lines: _Optional[_Iterable[_Union[ShipmentLine, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...
