from soko.common.v1 import money_pb2 as _money_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PaymentState(_message.Message):
    __slots__ = ("payment_id", "order_id", "provider", "status", "amount", "captured_minor", "refunded_minor", "disputed_minor", "goes_back")
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_MINOR_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_MINOR_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_MINOR_FIELD_NUMBER: _ClassVar[int]
    GOES_BACK_FIELD_NUMBER: _ClassVar[int]
    payment_id: str
    order_id: str
    provider: str
    status: str
    amount: _money_pb2.Money
    captured_minor: int
    refunded_minor: int
    disputed_minor: int
    goes_back: bool
    def __init__(self, payment_id: _Optional[str] = ..., order_id: _Optional[str] = ..., provider: _Optional[str] = ..., status: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., captured_minor: _Optional[int] = ..., refunded_minor: _Optional[int] = ..., disputed_minor: _Optional[int] = ..., goes_back: _Optional[bool] = ...) -> None: ...

class RefundLine(_message.Message):
    __slots__ = ("seller_order_id", "seller_id", "amount_minor")
    SELLER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MINOR_FIELD_NUMBER: _ClassVar[int]
    seller_order_id: str
    seller_id: str
    amount_minor: int
    def __init__(self, seller_order_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., amount_minor: _Optional[int] = ...) -> None: ...

class PaymentAuthorized(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentState
    def __init__(self, payment: _Optional[_Union[PaymentState, _Mapping]] = ...) -> None: ...

class PaymentCaptured(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentState
    def __init__(self, payment: _Optional[_Union[PaymentState, _Mapping]] = ...) -> None: ...

class PaymentFailed(_message.Message):
    __slots__ = ("payment", "reason")
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentState
    reason: str
    def __init__(self, payment: _Optional[_Union[PaymentState, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class PaymentVoided(_message.Message):
    __slots__ = ("payment",)
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    payment: PaymentState
    def __init__(self, payment: _Optional[_Union[PaymentState, _Mapping]] = ...) -> None: ...

class RefundSettled(_message.Message):
    __slots__ = ("refund_id", "amount", "payment", "lines")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    amount: _money_pb2.Money
    payment: PaymentState
    lines: _containers.RepeatedCompositeFieldContainer[RefundLine]
    def __init__(self, refund_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., payment: _Optional[_Union[PaymentState, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[RefundLine, _Mapping]]] = ...) -> None: ...

class RefundFailed(_message.Message):
    __slots__ = ("refund_id", "amount", "payment", "lines")
    REFUND_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    refund_id: str
    amount: _money_pb2.Money
    payment: PaymentState
    lines: _containers.RepeatedCompositeFieldContainer[RefundLine]
    def __init__(self, refund_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., payment: _Optional[_Union[PaymentState, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[RefundLine, _Mapping]]] = ...) -> None: ...

class PaymentDisputed(_message.Message):
    __slots__ = ("dispute_id", "amount", "status", "payment", "lines")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    dispute_id: str
    amount: _money_pb2.Money
    status: str
    payment: PaymentState
    lines: _containers.RepeatedCompositeFieldContainer[RefundLine]
    def __init__(self, dispute_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., status: _Optional[str] = ..., payment: _Optional[_Union[PaymentState, _Mapping]] = ..., lines: _Optional[_Iterable[_Union[RefundLine, _Mapping]]] = ...) -> None: ...

class PayoutSent(_message.Message):
    __slots__ = ("payout_id", "seller_id", "amount")
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    seller_id: str
    amount: _money_pb2.Money
    def __init__(self, payout_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ...) -> None: ...

class PayoutFailed(_message.Message):
    __slots__ = ("payout_id", "seller_id", "amount", "reason")
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    SELLER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    seller_id: str
    amount: _money_pb2.Money
    reason: str
    def __init__(self, payout_id: _Optional[str] = ..., seller_id: _Optional[str] = ..., amount: _Optional[_Union[_money_pb2.Money, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...
