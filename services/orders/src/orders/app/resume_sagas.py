"""Resuming sagas that nobody carries: after a crash, an unknown answer, or when time is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from chassis import context as request_context
from chassis.clock import Clock
from chassis.context import RequestContext
from chassis.errors import ServiceError
from chassis.failpoints import failpoint
from chassis.logs import get_logger
from chassis.telemetry import span
from orders.app.ports import CheckoutStore
from orders.app.run_saga import SagaRunner
from orders.app.settle_orders import MAX_BATCH, SettleOrders, SettleOrdersHandler
from orders.domain.checkout import Checkout
from orders.domain.saga import SETTLING

LEASE = timedelta(seconds=30)
"""How long a taken saga belongs to the worker that took it."""

_BUDGET_S = 15.0
_AT_ONCE = 8
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResumeSagas:
    """Take at most MAX_BATCH sagas whose time has come and carry each on."""


class ResumeSagasHandler:
    """Takes sagas with SKIP LOCKED and a lease; settling ones go together, others a few at once."""

    def __init__(
        self,
        checkouts: CheckoutStore,
        runner: SagaRunner,
        settle: SettleOrdersHandler,
        clock: Clock,
    ) -> None:
        self._checkouts = checkouts
        self._runner = runner
        self._settle = settle
        self._clock = clock

    async def __call__(self, command: ResumeSagas) -> int:
        """Return how many sagas were taken; raises ServiceError if the database is away."""
        now = self._clock.now()
        due = await self._checkouts.claim_due(now, now + LEASE, MAX_BATCH)
        if due:
            failpoint("resume.after_claim")
        settling = [checkout for checkout in due if checkout.saga.step == SETTLING]
        others = [checkout for checkout in due if checkout.saga.step != SETTLING]
        if settling:
            await self._settle(SettleOrders(settling))
        places = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._carry(checkout, places) for checkout in others))
        return len(due)

    async def _carry(self, checkout: Checkout, places: asyncio.Semaphore) -> None:
        """Carry one saga on in the trace that it began in; its failure is nobody else's."""
        async with places:
            with span("resume checkout", "internal", checkout.saga.traceparent) as traceparent:
                token = request_context.enter(RequestContext(traceparent=traceparent))
                try:
                    await self._runner.run(checkout, _BUDGET_S)
                except ServiceError as error:
                    _log.warning("saga_waits", order_id=checkout.order.id, error=str(error))
                except Exception:
                    # It comes again when the lease ends; the others must not wait for it.
                    _log.exception("saga_failed", order_id=checkout.order.id)
                finally:
                    request_context.leave(token)
