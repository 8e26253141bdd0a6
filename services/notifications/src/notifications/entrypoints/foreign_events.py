"""Other contexts' events as this one reads them: only the fields that are needed here.

Checked against golden samples, so that a change of meaning in a contract shows here first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chassis.envelope import Envelope
from chassis.ids import format_id, parse_id
from notifications.domain.notices import (
    PASSWORD_CHANGED,
    SECOND_FACTOR_REMOVED,
    SECOND_FACTOR_SET,
)
from notifications.domain.updates import (
    AccountGone,
    AccountUpdate,
    CredentialUpdate,
    LinkUpdate,
    OrderUpdate,
    ParcelUpdate,
    RefundUpdate,
    Update,
)
from soko.events.v1 import identity_pb2, orders_pb2, payments_pb2


def _order(
    event: Envelope,
    order: orders_pb2.OrderState,
    was_confirmed: bool = False,
    shipment: ParcelUpdate | None = None,
) -> Update:
    parse_id("ord", order.order_id)
    if order.account_id:
        parse_id("usr", order.account_id)
    return OrderUpdate(
        event_id=format_id("evt", event.id),
        event_name=event.name,
        occurred_at=event.time,
        order_id=order.order_id,
        number=order.number,
        account_id=order.account_id,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        cancel_reason=order.cancel_reason,
        was_confirmed=was_confirmed,
        version=order.version,
        shipment=shipment,
    )


def _placed(event: Envelope) -> Update:
    return _order(event, orders_pb2.OrderPlaced.FromString(event.data).order)


def _awaiting_payment(event: Envelope) -> Update:
    return _order(event, orders_pb2.OrderAwaitingPayment.FromString(event.data).order)


def _confirmed(event: Envelope) -> Update:
    return _order(event, orders_pb2.OrderConfirmed.FromString(event.data).order)


def _cancelled(event: Envelope) -> Update:
    message = orders_pb2.OrderCancelled.FromString(event.data)
    return _order(event, message.order, message.was_confirmed)


def _payment_changed(event: Envelope) -> Update:
    return _order(event, orders_pb2.OrderPaymentChanged.FromString(event.data).order)


def _items_cancelled(event: Envelope) -> Update:
    return _order(event, orders_pb2.OrderItemsCancelled.FromString(event.data).order)


def _parcel(shipment: orders_pb2.ShipmentState) -> ParcelUpdate:
    parse_id("shp", shipment.shipment_id)
    return ParcelUpdate(
        id=shipment.shipment_id,
        seller_order_id=shipment.seller_order_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.status,
    )


def _shipment_created(event: Envelope) -> Update:
    message = orders_pb2.ShipmentCreated.FromString(event.data)
    return _order(event, message.order, shipment=_parcel(message.shipment))


def _shipment_status_changed(event: Envelope) -> Update:
    message = orders_pb2.ShipmentStatusChanged.FromString(event.data)
    return _order(event, message.order, shipment=_parcel(message.shipment))


def _refund_settled(event: Envelope) -> Update:
    message = payments_pb2.RefundSettled.FromString(event.data)
    parse_id("ord", message.payment.order_id)
    return RefundUpdate(
        event_id=format_id("evt", event.id),
        occurred_at=event.time,
        refund_id=message.refund_id,
        order_id=message.payment.order_id,
        amount_minor=message.amount.amount_minor,
        currency=message.amount.currency,
    )


def _account_registered(event: Envelope) -> Update:
    message = identity_pb2.AccountRegistered.FromString(event.data)
    parse_id("usr", message.account_id)
    return AccountUpdate(
        event_id=format_id("evt", event.id),
        occurred_at=event.time,
        account_id=message.account_id,
        locale=message.locale,
    )


def _account_deleted(event: Envelope) -> Update:
    message = identity_pb2.AccountDeleted.FromString(event.data)
    parse_id("usr", message.account_id)
    return AccountGone(
        event_id=format_id("evt", event.id),
        occurred_at=event.time,
        account_id=message.account_id,
    )


def _link_requested(event: Envelope) -> Update:
    # The two events have the same one field.
    message = identity_pb2.PasswordResetRequested.FromString(event.data)
    parse_id("lnk", message.request_id)
    return LinkUpdate(
        event_id=format_id("evt", event.id),
        event_name=event.name,
        occurred_at=event.time,
        request_id=message.request_id,
    )


def _password_changed(event: Envelope) -> Update:
    message = identity_pb2.PasswordChanged.FromString(event.data)
    return _credential(event, message.account_id, PASSWORD_CHANGED)


def _second_factor_changed(event: Envelope) -> Update:
    message = identity_pb2.SecondFactorChanged.FromString(event.data)
    change = SECOND_FACTOR_SET if message.enabled else SECOND_FACTOR_REMOVED
    return _credential(event, message.account_id, change)


def _credential(event: Envelope, account_id: str, change: str) -> Update:
    parse_id("usr", account_id)
    return CredentialUpdate(format_id("evt", event.id), event.time, account_id, change)


PARSERS: Mapping[str, Mapping[str, Callable[[Envelope], Update]]] = {
    "orders": {
        "order_placed": _placed,
        "order_awaiting_payment": _awaiting_payment,
        "order_confirmed": _confirmed,
        "order_cancelled": _cancelled,
        "order_payment_changed": _payment_changed,
        "order_items_cancelled": _items_cancelled,
        "shipment_created": _shipment_created,
        "shipment_status_changed": _shipment_status_changed,
    },
    "payments": {"refund_settled": _refund_settled},
    "identity": {
        "account_registered": _account_registered,
        "account_deleted": _account_deleted,
        "password_reset_requested": _link_requested,
        "email_verification_requested": _link_requested,
        "password_changed": _password_changed,
        "second_factor_changed": _second_factor_changed,
    },
}
"""Parser per context and event name.

A parser raises google.protobuf's DecodeError for bytes that are no message and ServiceError for an
id that is none; either way the event can only become a dead letter.
"""
