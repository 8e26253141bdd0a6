"""Which updates are worth an entry in the in-app inbox, and which a mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notifications.domain.updates import OrderUpdate, RefundUpdate

ORDER_AWAITING_PAYMENT = "order_awaiting_payment"
ORDER_CONFIRMED = "order_confirmed"
ORDER_CANCELLED = "order_cancelled"
ORDER_REFUNDED = "order_refunded"

_REFUNDED = frozenset({"refunded", "partially_refunded"})
_EXPIRED = frozenset({"expired", "payment_expired"})


@dataclass(frozen=True, slots=True)
class Notice:
    """An entry of an account's inbox; its text is made from kind and parameters when it is read."""

    id: str
    """TypeID (ntf_)."""
    account_id: str
    kind: str
    subject_id: str
    """TypeID of what it is about."""
    params: Mapping[str, object]
    created_at: datetime
    read: bool = False


def inbox_kind(update: OrderUpdate) -> str | None:
    """Return the kind of the inbox entry that an update makes, or None.

    A cancelled order is told if the buyer had reason to count on it: it was confirmed, or it waited
    for a payment that never came. A refused checkout was answered on the spot.
    """
    if update.event_name in (ORDER_AWAITING_PAYMENT, ORDER_CONFIRMED):
        return update.event_name
    if update.event_name == ORDER_CANCELLED:
        told = update.was_confirmed or update.cancel_reason in _EXPIRED
        return ORDER_CANCELLED if told else None
    if update.event_name == "order_payment_changed" and update.payment_status in _REFUNDED:
        return ORDER_REFUNDED
    return None


@dataclass(frozen=True, slots=True)
class MailOrdered:
    """A mail that an update asks for."""

    dedupe_key: str
    """At most one mail is ever made per key, whatever events tell of the same fact."""
    kind: str
    order_id: str
    account_id: str
    event_id: str
    """TypeID (evt_) of the event that asks for it."""
    params: Mapping[str, object]


def order_mail(update: OrderUpdate) -> MailOrdered | None:
    """Return the mail that an order's update asks for, or None.

    Mail starts when an order is confirmed; an attempt that failed before sends none.
    """
    wanted = update.event_name == ORDER_CONFIRMED or (
        update.event_name == ORDER_CANCELLED and update.was_confirmed
    )
    if not wanted:
        return None
    return MailOrdered(
        dedupe_key=f"{update.event_name}:{update.order_id}",
        kind=update.event_name,
        order_id=update.order_id,
        account_id=update.account_id,
        event_id=update.event_id,
        params={},
    )


def refund_mail(update: RefundUpdate) -> MailOrdered:
    """Return the mail that tells of a refund."""
    return MailOrdered(
        dedupe_key=f"{ORDER_REFUNDED}:{update.refund_id}",
        kind=ORDER_REFUNDED,
        order_id=update.order_id,
        account_id="",
        event_id=update.event_id,
        params={"amount_minor": update.amount_minor, "currency": update.currency},
    )
