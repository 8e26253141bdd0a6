"""Domain events as the messages that other services read."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from google.protobuf.message import Message

from chassis.ids import format_id
from chassis.outbox import OutgoingEvent
from payments.domain import events
from payments.domain.disputes import Dispute
from payments.domain.payment import Payment
from payments.domain.refunds import Refund
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
    amount = Money(amount_minor=event.amount_minor, currency=payment.currency)
    if isinstance(event, events.PaymentDisputed):
        return "payment_disputed", payments_pb2.PaymentDisputed(
            dispute_id=format_id("dsp", event.dispute_id),
            amount=amount,
            status=event.status,
            payment=state,
            lines=_lines(payment, event.dispute_id),
        )
    refund_id, lines = format_id("rfd", event.refund_id), _lines(payment, event.refund_id)
    if isinstance(event, events.RefundSettled):
        return "refund_settled", payments_pb2.RefundSettled(
            refund_id=refund_id, amount=amount, payment=state, lines=lines
        )
    return "refund_failed", payments_pb2.RefundFailed(
        refund_id=refund_id, amount=amount, payment=state, lines=lines
    )


def _lines(payment: Payment, claim_id: UUID) -> list[payments_pb2.RefundLine]:
    """Return what each seller order gives of a refund or a dispute."""
    of_line = {split.line_id: split for split in payment.splits}
    claims: list[Refund | Dispute] = [*payment.refunds, *payment.disputes]
    taken = next(claim.lines for claim in claims if claim.id == claim_id)
    sums: Counter[tuple[str, str]] = Counter()
    for line in taken:
        split = of_line[line.line_id]
        sums[split.seller_order_id, split.seller_id] += line.amount_minor
    return [
        payments_pb2.RefundLine(
            seller_order_id=seller_order_id, seller_id=seller_id, amount_minor=amount_minor
        )
        for (seller_order_id, seller_id), amount_minor in sums.items()
    ]


def _state(payment: Payment) -> payments_pb2.PaymentState:
    return payments_pb2.PaymentState(
        payment_id=format_id("pay", payment.id),
        order_id=format_id("ord", payment.order_id),
        provider=payment.provider,
        status=payment.status,
        amount=Money(amount_minor=payment.amount_minor, currency=payment.currency),
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        disputed_minor=payment.disputed_minor,
        goes_back=payment.goes_back,
    )
