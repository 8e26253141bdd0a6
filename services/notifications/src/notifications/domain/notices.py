"""Which updates are worth an entry in the in-app inbox, and which a mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from notifications.domain.updates import (
    CredentialUpdate,
    LinkUpdate,
    OrderUpdate,
    ParcelUpdate,
    RefundUpdate,
)

ORDER_AWAITING_PAYMENT = "order_awaiting_payment"
ORDER_CONFIRMED = "order_confirmed"
ORDER_CANCELLED = "order_cancelled"
ORDER_ITEMS_CANCELLED = "order_items_cancelled"
ORDER_REFUNDED = "order_refunded"
SHIPMENT_CREATED = "shipment_created"
SHIPMENT_DELIVERED = "shipment_delivered"

LINK_MAILS: Mapping[str, str] = {
    "password_reset": "reset-password",
    "email_verification": "verify-email",
}
"""Mails whose secret link is asked for when they are made, and the page that takes the link."""

PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of mail
SECOND_FACTOR_SET = "second_factor_set"
SECOND_FACTOR_REMOVED = "second_factor_removed"
CREDENTIAL_MAILS = frozenset({PASSWORD_CHANGED, SECOND_FACTOR_SET, SECOND_FACTOR_REMOVED})
"""Mails that tell an account's owner what somebody changed, in case it was somebody else."""

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
    if update.event_name in (ORDER_AWAITING_PAYMENT, ORDER_CONFIRMED, ORDER_ITEMS_CANCELLED):
        return update.event_name
    if update.event_name == ORDER_CANCELLED:
        told = update.was_confirmed or update.cancel_reason in _EXPIRED
        return ORDER_CANCELLED if told else None
    if update.event_name == "order_payment_changed" and update.payment_status in _REFUNDED:
        return ORDER_REFUNDED
    return _parcel_kind(update)


def _parcel_kind(update: OrderUpdate) -> str | None:
    """Return what a buyer is told of a parcel: that it left, and that it arrived."""
    if update.event_name == SHIPMENT_CREATED:
        return SHIPMENT_CREATED
    arrived = update.shipment is not None and update.shipment.status == "delivered"
    return SHIPMENT_DELIVERED if arrived else None


def notice_params(update: OrderUpdate) -> dict[str, object]:
    """Return what the text of an inbox entry is made from."""
    params: dict[str, object] = {"number": update.number}
    if update.shipment is not None:
        params["parcel"] = parcel_name(update.shipment)
    return params


def parcel_name(parcel: ParcelUpdate) -> str:
    """Return how a buyer knows a parcel: by its carrier, and its number if it has one."""
    number = parcel.tracking_number
    return f"{parcel.carrier} {number}" if number else parcel.carrier


@dataclass(frozen=True, slots=True)
class MailOrdered:
    """A mail that an update asks for."""

    dedupe_key: str
    """At most one mail is ever made per key, whatever events tell of the same fact."""
    kind: str
    order_id: str
    """Empty for a mail that is about no order."""
    account_id: str
    event_id: str
    """TypeID (evt_) of the event that asks for it."""
    params: Mapping[str, object]


def order_mail(update: OrderUpdate) -> MailOrdered | None:
    """Return the mail that an order's update asks for, or None.

    Mail starts when an order is confirmed; an attempt that failed before sends none. A parcel has
    one when it leaves and one when it arrives, and each time that a seller cancels a part has one.
    """
    parcel = _parcel_kind(update)
    if parcel is not None and update.shipment is not None:
        return MailOrdered(
            dedupe_key=f"{parcel}:{update.shipment.id}",
            kind=parcel,
            order_id=update.order_id,
            account_id=update.account_id,
            event_id=update.event_id,
            params={"parcel": parcel_name(update.shipment)},
        )
    # Sellers may cancel several times; all else is told once of an order.
    part = update.event_name == ORDER_ITEMS_CANCELLED
    wanted = part or update.event_name == ORDER_CONFIRMED
    if not (wanted or (update.event_name == ORDER_CANCELLED and update.was_confirmed)):
        return None
    return MailOrdered(
        dedupe_key=f"{update.event_name}:{update.event_id if part else update.order_id}",
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


def link_mail(update: LinkUpdate) -> MailOrdered:
    """Return the mail that takes a link to an account; what else it needs is asked for then."""
    kind = update.event_name.removesuffix("_requested")
    return MailOrdered(
        dedupe_key=f"{kind}:{update.request_id}",
        kind=kind,
        order_id="",
        account_id="",
        event_id=update.event_id,
        params={"request_id": update.request_id},
    )


def credential_mail(update: CredentialUpdate) -> MailOrdered:
    """Return the mail that warns an account's owner."""
    return MailOrdered(
        dedupe_key=f"{update.change}:{update.event_id}",
        kind=update.change,
        order_id="",
        account_id=update.account_id,
        event_id=update.event_id,
        params={},
    )
