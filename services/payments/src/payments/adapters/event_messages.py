"""Domain events as the messages that other services read."""

from __future__ import annotations

from google.protobuf.message import Message

from chassis.ids import format_id
from chassis.outbox import OutgoingEvent
from payments.domain import events
from payments.domain.payment import Payment
from soko.common.v1.money_pb2 import Money
from soko.events.v1 import payments_pb2


def to_outgoing(payment: Payment, event: events.Event) -> OutgoingEvent:
    """Return an event with the state of its payment, ready for the outbox."""
    state = _state(payment)
    name, message = _message(payment, event, state)
    return OutgoingEvent(name, state.payment_id, message)


def _message(
    payment: Payment, event: events.Event, state: payments_pb2.PaymentState
) -> tuple[str, Message]:
    if isinstance(event, events.PaymentAuthorized):
        return "payment_authorized", payments_pb2.PaymentAuthorized(payment=state)
    if isinstance(event, events.PaymentCaptured):
        return "payment_captured", payments_pb2.PaymentCaptured(payment=state)
    if isinstance(event, events.PaymentFailed):
        return "payment_failed", payments_pb2.PaymentFailed(payment=state, reason=event.reason)
    if isinstance(event, events.PaymentVoided):
        return "payment_voided", payments_pb2.PaymentVoided(payment=state)
    refund_id = format_id("rfd", event.refund_id)
    amount = Money(amount_minor=event.amount_minor, currency=payment.currency)
    if isinstance(event, events.RefundSettled):
        return "refund_settled", payments_pb2.RefundSettled(
            refund_id=refund_id, amount=amount, payment=state
        )
    return "refund_failed", payments_pb2.RefundFailed(
        refund_id=refund_id, amount=amount, payment=state
    )


def _state(payment: Payment) -> payments_pb2.PaymentState:
    return payments_pb2.PaymentState(
        payment_id=format_id("pay", payment.id),
        order_id=format_id("ord", payment.order_id),
        provider=payment.provider,
        status=payment.status,
        amount=Money(amount_minor=payment.amount_minor, currency=payment.currency),
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
    )
