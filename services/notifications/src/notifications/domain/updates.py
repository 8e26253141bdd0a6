"""What this context needs to know of other contexts' events, and no more of them than that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ParcelUpdate:
    """A parcel as it stood when its event was told."""

    id: str
    seller_order_id: str
    carrier: str
    """Carrier's name, in the seller's words."""
    tracking_number: str
    """May be empty."""
    status: str


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order as it stood when one of its events was told."""

    event_id: str
    """TypeID (evt_) of the event."""
    event_name: str
    """order_placed, order_awaiting_payment, order_confirmed, order_cancelled, ..."""
    occurred_at: datetime
    order_id: str
    number: str
    account_id: str
    """The buyer's account (usr_); empty for a guest."""
    status: str
    payment_status: str
    fulfilment_status: str
    cancel_reason: str
    was_confirmed: bool
    """Whether a cancelled order had been confirmed before."""
    version: int
    """Grows with the order's changes; 0 if the event does not say."""
    shipment: ParcelUpdate | None = None
    """The parcel that the event is about, if it is about one."""


@dataclass(frozen=True, slots=True)
class RefundUpdate:
    """Money that went back to a buyer."""

    event_id: str
    occurred_at: datetime
    refund_id: str
    order_id: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """The language of an account."""

    event_id: str
    occurred_at: datetime
    account_id: str
    locale: str


@dataclass(frozen=True, slots=True)
class LinkUpdate:
    """Somebody asked for a link by mail."""

    event_id: str
    event_name: str
    """password_reset_requested or email_verification_requested."""
    occurred_at: datetime
    request_id: str
    """TypeID (lnk_) that identity knows the request by."""


@dataclass(frozen=True, slots=True)
class AccountGone:
    """An account was deleted."""

    event_id: str
    occurred_at: datetime
    account_id: str


@dataclass(frozen=True, slots=True)
class CredentialUpdate:
    """What opens an account was changed; its owner should know."""

    event_id: str
    occurred_at: datetime
    account_id: str
    change: str
    """password_changed, second_factor_set or second_factor_removed."""


Update = OrderUpdate | RefundUpdate | AccountUpdate | AccountGone | LinkUpdate | CredentialUpdate
