from soko.common.v1 import address_pb2 as _address_pb2
from soko.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Totals(_message.Message):
    __slots__ = ("subtotal", "discount", "shipping", "tax", "duty", "tax_included", "total")
    SUBTOTAL_FIELD_NUMBER: _ClassVar[int]
    DISCOUNT_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_FIELD_NUMBER: _ClassVar[int]
    TAX_FIELD_NUMBER: _ClassVar[int]
    DUTY_FIELD_NUMBER: _ClassVar[int]
    TAX_INCLUDED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    subtotal: _money_pb2.Money
    discount: _money_pb2.Money
    shipping: _money_pb2.Money
    tax: _money_pb2.Money
    duty: _money_pb2.Money
    tax_included: _money_pb2.Money
    total: _money_pb2.Money
    def __init__(self, subtotal: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., discount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., shipping: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., tax: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., duty: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., tax_included: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Item(_message.Message):
    __slots__ = ("id", "variant_id", "product_id", "seller_id", "title", "sku", "quantity", "unit_price", "line_total", "seller_order_id", "cancelled_quantity")
    ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    LINE_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    id: str
    variant_id: str
    product_id: str
    seller_id: str
    title: str
    sku: str
    quantity: int
    unit_price: _money_pb2.Money
    line_total: _money_pb2.Money
    seller_order_id: str
    cancelled_quantity: int
    def __init__(self, id: _Optional[str] = ..., variant_id: _Optional[str] = ..., product_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., title: _Optional[str] = ..., sku: _Optional[str] = ..., quantity: _Optional[int] = ..., unit_price: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., line_total: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., seller_order_id: _Optional[str] = ..., cancelled_quantity: _Optional[int] = ...) -> None: ...

class Cart(_message.Message):
    __slots__ = ("id", "token", "status", "currency", "items", "totals", "email", "shipping_address", "version")
    ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    id: str
    token: str
    status: str
    currency: str
    items: _containers.RepeatedCompositeFieldContainer[Item]
    totals: Totals
    email: str
    shipping_address: _address_pb2.Address
    version: int
    def __init__(self, id: _Optional[str] = ..., token: _Optional[str] = ..., status: _Optional[str] = ..., currency: _Optional[str] = ..., items: _Optional[_Iterable[_Union[Item, _Mapping]]] = ..., totals: _Optional[_Union[Totals, _Mapping]] = ..., email: _Optional[str] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class NewItem(_message.Message):
    __slots__ = ("variant_id", "quantity")
    VARIANT_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    variant_id: str
    quantity: int
    def __init__(self, variant_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class CreateCartRequest(_message.Message):
    __slots__ = ("currency", "country", "items", "email", "shipping_address")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    SHIPPING_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    currency: str
    country: str
    items: _containers.RepeatedCompositeFieldContainer[NewItem]
    email: str
    shipping_address: _address_pb2.Address
    def __init__(self, currency: _Optional[str] = ..., country: _Optional[str] = ..., items: _Optional[_Iterable[_Union[NewItem, _Mapping]]] = ..., email: _Optional[str] = ..., shipping_address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ...) -> None: ...

class CreateCartResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class GetCartRequest(_message.Message):
    __slots__ = ("cart_id", "token")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class GetCartResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class GetMyCartRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetMyCartResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class AddItemRequest(_message.Message):
    __slots__ = ("cart_id", "token", "item")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    item: NewItem
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., item: _Optional[_Union[NewItem, _Mapping]] = ...) -> None: ...

class AddItemResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class UpdateItemRequest(_message.Message):
    __slots__ = ("cart_id", "token", "item_id", "quantity")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    item_id: str
    quantity: int
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., item_id: _Optional[str] = ..., quantity: _Optional[int] = ...) -> None: ...

class UpdateItemResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class RemoveItemRequest(_message.Message):
    __slots__ = ("cart_id", "token", "item_id")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    item_id: str
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., item_id: _Optional[str] = ...) -> None: ...

class RemoveItemResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class ClaimCartRequest(_message.Message):
    __slots__ = ("cart_id", "token")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class ClaimCartResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class SetEmailRequest(_message.Message):
    __slots__ = ("cart_id", "token", "email")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    email: str
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., email: _Optional[str] = ...) -> None: ...

class SetEmailResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...

class SetShippingAddressRequest(_message.Message):
    __slots__ = ("cart_id", "token", "address")
    CART_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    cart_id: str
    token: str
    address: _address_pb2.Address
    def __init__(self, cart_id: _Optional[str] = ..., token: _Optional[str] = ..., address: _Optional[_Union[_address_pb2.Address, _Mapping]] = ...) -> None: ...

class SetShippingAddressResponse(_message.Message):
    __slots__ = ("cart",)
    CART_FIELD_NUMBER: _ClassVar[int]
    cart: Cart
    def __init__(self, cart: _Optional[_Union[Cart, _Mapping]] = ...) -> None: ...
