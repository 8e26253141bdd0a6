import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from soko.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetBalanceRequest(_message.Message):
    __slots__ = ("seller",)
    SELLER_FIELD_NUMBER: _ClassVar[int]
    seller: str
    def __init__(self, seller: _Optional[str] = ...) -> None: ...

class CurrencyBalance(_message.Message):
    __slots__ = ("currency", "pending_minor", "available_minor", "reserved_minor", "in_transit_minor")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PENDING_MINOR_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MINOR_FIELD_NUMBER: _ClassVar[int]
    RESERVED_MINOR_FIELD_NUMBER: _ClassVar[int]
    IN_TRANSIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    currency: str
    pending_minor: int
    available_minor: int
    reserved_minor: int
    in_transit_minor: int
    def __init__(self, currency: _Optional[str] = ..., pending_minor: _Optional[int] = ..., available_minor: _Optional[int] = ..., reserved_minor: _Optional[int] = ..., in_transit_minor: _Optional[int] = ...) -> None: ...

class GetBalanceResponse(_message.Message):
    __slots__ = ("seller_id", "balances")
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    seller_id: str
    balances: _containers.RepeatedCompositeFieldContainer[CurrencyBalance]
    def __init__(self, seller_id: _Optional[str] = ..., balances: _Optional[_Iterable[_Union[CurrencyBalance, _Mapping]]] = ...) -> None: ...

class CreatePayoutRequest(_message.Message):
    __slots__ = ("seller", "amount")
    SELLER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    seller: str
    amount: _money_pb2.Money
    def __init__(self, seller: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class Payout(_message.Message):
    __slots__ = ("id", "seller_id", "amount", "status", "failure", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    seller_id: str
    amount: _money_pb2.Money
    status: str
    failure: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., seller_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., status: _Optional[str] = ..., failure: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreatePayoutResponse(_message.Message):
    __slots__ = ("payout",)
    PAYOUT_FIELD_NUMBER: _ClassVar[int]
    payout: Payout
    def __init__(self, payout: _Optional[_Union[Payout, _Mapping]] = ...) -> None: ...

class ListPayoutsRequest(_message.Message):
    __slots__ = ("seller", "cursor", "limit")
    SELLER_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    seller: str
    cursor: str
    limit: int
    def __init__(self, seller: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListPayoutsResponse(_message.Message):
    __slots__ = ("payouts", "next_cursor")
    PAYOUTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    payouts: _containers.RepeatedCompositeFieldContainer[Payout]
    next_cursor: str
    def __init__(self, payouts: _Optional[_Iterable[_Union[Payout, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...
