"""Acting on providers' webhooks, from their store."""

from __future__ import annotations

import asyncio

from chassis.clock import Clock
from chassis.logs import get_logger
from payments.app.ports import PaymentRepository
from payments.app.record_dispute import RecordDispute, RecordDisputeHandler
from payments.app.settle import Settler
from payments.app.webhooks import ProviderEvent, ProviderEvents, StoredEvent
from payments.domain.disputes import LOST, OPENED, WON
from payments.domain.payment import Payment

_BATCH = 50
_AT_ONCE = 8
_DISPUTE_STATUS = {"open": OPENED, "won": WON, "lost": LOST}
_log = get_logger(__name__)


class HandleEvents:
    """A webhook is a hint: the provider is asked how the payment stands, and that is applied.

    One whose payment nobody knows (yet) is tried again, later and later, and never dropped.
    """

    def __init__(
        self, events: ProviderEvents, payments: PaymentRepository, settler: Settler, clock: Clock
    ) -> None:
        self._events = events
        self._payments = payments
        self._settler = settler
        self._clock = clock
        self._record_dispute = RecordDisputeHandler(payments, clock)
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def handle(self) -> int:
        """Handle one batch; return how many there were."""
        due = await self._events.claim_due(self._clock.now(), _BATCH)
        await asyncio.gather(*(self._handle(each) for each in due))
        return len(due)

    async def _handle(self, stored: StoredEvent) -> None:
        async with self._places:
            try:
                if stored.event.attempt_id is None and not stored.event.reference:
                    # News of something else than a payment, such as the provider's own payout.
                    await self._events.handled(stored.id, self._clock.now())
                    return
                payment = await self._payment_of(stored)
                if payment is None:
                    _log.warning("webhook_unmatched", event_id=stored.event.event_id)
                elif await self._apply(stored.event, payment):
                    await self._events.handled(stored.id, self._clock.now())
            except Exception as error:
                # It comes again; the others must not wait for it.
                _log.exception(
                    "webhook_not_handled", event_id=stored.event.event_id, error=str(error)
                )

    async def _apply(self, event: ProviderEvent, payment: Payment) -> bool:
        """Ask how the payment stands and apply that; tell if there was an answer."""
        if not await self._settler.refresh(payment, event.reference):
            return False
        if "dispute" not in event.kind:
            return True
        found = await self._settler.disputes(payment)
        for dispute in found or ():
            await self._record_dispute.handle(
                RecordDispute(
                    payment.order_id,
                    dispute.id,
                    _DISPUTE_STATUS[dispute.status],
                    (dispute.amount_minor, payment.currency),
                    dispute.fee_minor,
                )
            )
        return found is not None

    async def _payment_of(self, stored: StoredEvent) -> Payment | None:
        event = stored.event
        payment = None
        if event.attempt_id is not None:
            payment = await self._payments.find_by_attempt(event.attempt_id)
        if payment is None and event.reference:
            payment = await self._payments.find_by_reference(stored.provider, event.reference)
        return payment if payment is not None and payment.provider == stored.provider else None
