"""Orders' events as the messages of their contract; they carry no personal data."""

from __future__ import annotations

from google.protobuf.message import Message

from chassis.outbox import OutgoingEvent
from orders.domain.checkout import Event
from orders.domain.order import Order, told_reason
from orders.protobuf_time import timestamp
from soko.common.v1.money_pb2 import Money
from soko.events.v1 import orders_pb2 as events


def outgoing(name: Event, order: Order) -> OutgoingEvent:
    """Return the event that tells of an order's new state."""
    state = order_state(order)
    message: Message
    if name == "order_placed":
        message = events.OrderPlaced(order=state)
    elif name == "order_awaiting_payment":
        message = events.OrderAwaitingPayment(order=state)
    elif name == "order_confirmed":
        message = events.OrderConfirmed(order=state)
    elif name == "order_cancelled":
        confirmed = order.confirmed_at is not None
        message = events.OrderCancelled(order=state, was_confirmed=confirmed)
    else:
        message = events.OrderPaymentChanged(order=state)
    return OutgoingEvent(name, order.id, message)


def order_state(order: Order) -> events.OrderState:
    """Return an order as events tell of it."""
    currency = order.currency
    return events.OrderState(
        order_id=order.id,
        number=order.number,
        account_id=order.account_id,
        status=order.status,
        payment_status=order.payment_status,
        fulfilment_status=order.fulfilment_status,
        total=Money(amount_minor=order.totals.total, currency=currency),
        lines=[
            events.OrderLine(
                id=line.id,
                seller_order_id=line.seller_order_id,
                seller_id=line.seller_id,
                product_id=line.product_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                line_total=Money(amount_minor=line.line_total_minor, currency=currency),
            )
            for line in order.lines
        ],
        cancel_reason=told_reason(order.cancel_reason),
        version=order.version,
        expires_at=timestamp(order.expires_at) if order.expires_at else None,
    )
