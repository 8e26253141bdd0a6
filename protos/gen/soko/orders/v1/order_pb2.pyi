import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from soko.common.v1 import address_pb2 as _address_pb2
from soko.common.v1 import money_pb2 as _money_pb2
from soko.common.v1 import page_pb2 as _page_pb2
from soko.orders.v1 import cart_pb2 as _cart_pb2
from soko.orders.v1 import fulfilment_pb2 as _fulfilment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PaymentMethod(_message.Message):
    __slots__ = ("type", "token", "phone")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    type: str
    token: str
    phone: str
    def __init__(self, type: _Optional[str] = ..., token: _Optional[str] = ..., phone: _Optional[str] = ...) -> None: ...

class CheckoutRequest(_message.Message):
    __slots__ = ("cart_id", "token", "payment_method", "email", "shipping_address", "expected_total", "locale")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_METHOD_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_TOTAL_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    payment_method: PaymentMethod
    email: str
    shipping_address: _address_pb2.Address
    expected_total: _money_pb2.Money
    locale: str
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., payment_method: _Optional[_Union[PaymentMethod, _Mapping]] = ..., email: _Optional[str] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ..., expected_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., locale: _Optional[str] = ...) -> None: ...

class CheckoutResponse(_message.Message):
    __slots__ = ("order", "outcome")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    order: Order
    outcome: str
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., outcome: _Optional[str] = ...) -> None: ...

class NextAction(_message.Message):
    __slots__ = ("type", "payment_id", "url", "expires_at")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    type: str
    payment_id: str
    url: str
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, type: _Optional[str] = ..., payment_id: _Optional[str] = ..., url: _Optional[str] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SellerOrder(_message.Message):
    __slots__ = ("id", "seller_id", "seller_name", "status", "fulfilment_status", "totals")
    ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    id: str
    seller_id: str
    seller_name: str
    status: str
    fulfilment_status: str
    totals: _cart_pb2.Totals
    def __init__(self, id: _Optional[str] = ..., seller_id: _Optional[str] = ..., seller_name: _Optional[str] = ..., status: _Optional[str] = ..., fulfilment_status: _Optional[str] = ..., totals: _Optional[_Union[_cart_pb2.Totals, _Mapping]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("id", "number", "status", "payment_status", "fulfilment_status", "cancel_reason", "items", "seller_orders", "totals", "currency", "email", "shipping_address", "payment_id", "next_action", "expires_at", "token", "created_at", "updated_at", "version", "account_id", "locale", "cart_id", "shipments")
    ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    FULFILMENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_REASON_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDERS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_ACTION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LOCALE_FIELD_NUMBER: _ClassVar[int]
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    SHIPMENTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str
    items: _containers.RepeatedCompositeFieldContainer[_cart_pb2.Item]
    seller_orders: _containers.RepeatedCompositeFieldContainer[SellerOrder]
    totals: _cart_pb2.Totals
    currency: str
    email: str
    shipping_address: _address_pb2.Address
    payment_id: str
    next_action: NextAction
    expires_at: _timestamp_pb2.Timestamp
    token: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    version: int
    account_id: str
    locale: str
    cart_id: str
    shipments: _containers.RepeatedCompositeFieldContainer[_fulfilment_pb2.Shipment]
    def __init__(self, id: _Optional[str] = ..., number: _Optional[str] = ..., status: _Optional[str] = ..., payment_status: _Optional[str] = ..., fulfilment_status: _Optional[str] = ..., cancel_reason: _Optional[str] = ..., items: _Optional[_Iterable[_Union[_cart_pb2.Item, _Mapping]]] = ..., seller_orders: _Optional[_Iterable[_Union[SellerOrder, _Mapping]]] = ..., totals: _Optional[_Union[_cart_pb2.Totals, _Mapping]] = ..., currency: _Optional[str] = ..., email: _Optional[str] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ..., payment_id: _Optional[str] = ..., next_action: _Optional[_Union[NextAction, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., token: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[int] = ..., account_id: _Optional[str] = ..., locale: _Optional[str] = ..., cart_id: _Optional[str] = ..., shipments: _Optional[_Iterable[_Union[_fulfilment_pb2.Shipment, _Mapping]]] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order_id", "token")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    token: str
    def __init__(self, order_id: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("page",)
    PAGE_FIELD_NUMBER: _ClassVar[int]
    page: _page_pb2.PageRequest
    def __init__(self, page: _Optional[_Union[_page_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_cursor")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_cursor: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListSellerOrdersRequest(_message.Message):
    __slots__ = ("seller", "page")
    SELLER_FIELD_NUMBER: _ClassVar[int]
    PAGE_FIELD_NUMBER: _ClassVar[int]
    seller: str
    page: _page_pb2.PageRequest
    def __init__(self, seller: _Optional[str] = ..., page: _Optional[_Union[_page_pb2.PageRequest, _Mapping]] = ...) -> None: ...

class ListSellerOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_cursor")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_cursor: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("order_id", "token", "reason")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    token: str
    reason: str
    def __init__(self, order_id: _Optional[str] = ..., token: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class CancelItemsRequest(_message.Message):
    __slots__ = ("seller_order_id", "items", "reason", "restock")
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RESTOCK_FIELD_NUMBER: _ClassVar[int]
    seller_order_id: str
    items: _containers.RepeatedCompositeFieldContainer[_fulfilment_pb2.ShipmentItem]
    reason: str
    restock: bool
    def __init__(self, seller_order_id: _Optional[str] = ..., items: _Optional[_Iterable[_Union[_fulfilment_pb2.ShipmentItem, _Mapping]]] = ..., reason: _Optional[str] = ..., restock: _Optional[bool] = ...) -> None: ...

class CancelItemsResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...
