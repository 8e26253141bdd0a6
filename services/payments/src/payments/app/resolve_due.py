"""Looking after payments with an open end, so that each ends even if nobody asks."""

from __future__ import annotations

import asyncio
from uuid import UUID

from chassis.clock import Clock
from chassis.logs import get_logger
from payments.app.ports import PaymentRepository
from payments.app.settle import Settler
from payments.domain.payment import Payment

_BATCH = 50
_AT_ONCE = 8
_log = get_logger(__name__)


class ResolveDue:
    """Settles the payments whose check is due, few at once: requests come first."""

    def __init__(self, payments: PaymentRepository, settler: Settler, clock: Clock) -> None:
        self._payments = payments
        self._settler = settler
        self._clock = clock
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def handle(self) -> int:
        """Settle one batch; return how many there were."""
        due = await self._payments.claim_due(self._clock.now(), _BATCH)
        await asyncio.gather(*(self._settle(payment_id) for payment_id in due))
        return len(due)

    async def _settle(self, payment_id: UUID) -> None:
        async with self._places:
            try:
                payment = await self._payments.get(payment_id)
                if payment is not None:
                    payment = await self._account_for_deliveries(payment)
                    await self._settler.look_again(payment)
            except Exception as error:
                # One that cannot be settled now must not keep the others waiting; it comes again.
                _log.exception("payment_not_settled", payment=str(payment_id), error=str(error))

    async def _account_for_deliveries(self, payment: Payment) -> Payment:
        now = self._clock.now()
        if payment.deliveries_due_at(now) is None:
            return payment

        def act(current: Payment) -> None:
            current.account_for_deliveries(now)
            # Saved even if it is too early: that sets when to look again.
            current.touched = True

        payment, _ = await self._payments.change(payment.id, act, now)
        return payment
