"""What happened to a payment; the payment itself says in which state it left it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """The provider holds the money for us."""


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """The money is taken."""


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The payment will not succeed."""

    reason: str


@dataclass(frozen=True, slots=True)
class PaymentVoided:
    """An authorization was given back."""


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """Money went back to the buyer."""

    refund_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """Money did not go back."""

    refund_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PaymentDisputed:
    """A dispute of the money was opened, won or lost."""

    dispute_id: UUID
    amount_minor: int
    status: str


Event = (
    PaymentAuthorized
    | PaymentCaptured
    | PaymentFailed
    | PaymentVoided
    | RefundSettled
    | RefundFailed
    | PaymentDisputed
)
