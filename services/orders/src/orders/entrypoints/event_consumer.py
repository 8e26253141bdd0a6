"""What payments tells, read with a model of our own: order, payment, status, reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

from google.protobuf.message import DecodeError, Message

from chassis.clock import Clock
from chassis.database import Session, Statements
from chassis.envelope import Envelope
from chassis.ids import parse_id
from orders.app.ports import PaymentNewsStore
from orders.app.record_payment_news import RecordPaymentNews, record_payment_news
from orders.domain.outcomes import PaymentNews
from soko.events.v1 import payments_pb2 as events

_MESSAGES: Final[dict[str, type[Message]]] = {
    "payment_authorized": events.PaymentAuthorized,
    "payment_captured": events.PaymentCaptured,
    "payment_failed": events.PaymentFailed,
    "payment_voided": events.PaymentVoided,
    "refund_settled": events.RefundSettled,
    "payment_disputed": events.PaymentDisputed,
}
PAYMENT_EVENTS: Final = tuple(_MESSAGES)
"""The events of payments that change an order."""

_SPACING_S: Final = 0.05


class _PaymentEvent(Protocol):
    """What all of them have."""

    payment: events.PaymentState


class PaymentEventHandler:
    """Handles batches of payments' events in the inbox's transaction."""

    def __init__(
        self,
        store: Callable[[Statements], PaymentNewsStore],
        committed: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._store = store
        self._committed = committed
        self._clock = clock
        self._changed = 0

    async def handle(self, batch: Sequence[Envelope], session: Session) -> None:
        """Record what the events tell; raises ValueError for one that cannot be read."""
        news = [payment_news(envelope) for envelope in batch]
        command = RecordPaymentNews(news, self._clock.now())
        self._changed += await record_payment_news(command, self._store(session))

    async def after_commit(self, _: list[Envelope]) -> None:
        """Wake whoever goes on from here, if there is anything to go on with; then rest.

        Most of the news is known already, and under load fewer and larger batches cost less.
        """
        if self._changed:
            self._changed = 0
            self._committed()
        await asyncio.sleep(_SPACING_S)


def payment_news(envelope: Envelope) -> PaymentNews:
    """Return what an event of payments tells; raises ValueError if it cannot be read."""
    message = _MESSAGES[envelope.name]()
    try:
        message.ParseFromString(envelope.data)
    except DecodeError as error:
        raise ValueError(f"{envelope.name} {envelope.id} is unreadable") from error
    payment = cast(_PaymentEvent, message).payment
    parse_id("ord", payment.order_id)
    return PaymentNews(
        order_id=payment.order_id,
        payment_id=payment.payment_id,
        status=payment.status,
        reason=message.reason if isinstance(message, events.PaymentFailed) else "",
        sequence=envelope.sequence,
        goes_back=payment.goes_back,
    )
