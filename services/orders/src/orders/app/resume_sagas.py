"""Resuming sagas that nobody carries: after a crash, an unknown answer, or when time is over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

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
from orders.domain.checkout import LEASE, Checkout
from orders.domain.saga import SETTLING

_AT_ONCE = 8
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ResumeSagas:
    """Take at most MAX_BATCH sagas whose time has come and carry each on."""


class ResumeSagasHandler:
    """Takes sagas with SKIP LOCKED and a lease; settling ones go together, others a few at once.

    Of a worker that dies, all sagas are due again when its lease ends. One that lives asks no peer
    for longer than that, and leaves what it has not begun by then; each step that it stores gives
    its saga a lease of its own.
    """

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
        until = now + LEASE
        due = await self._checkouts.claim_due(now, until, MAX_BATCH)
        if due:
            failpoint("resume.after_claim")
        settling = [checkout for checkout in due if checkout.saga.step == SETTLING]
        others = [checkout for checkout in due if checkout.saga.step != SETTLING]
        places = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(
            self._settle_all(settling), *(self._carry(each, until, places) for each in others)
        )
        return len(due)

    async def _settle_all(self, settling: Sequence[Checkout]) -> None:
        if settling:
            with _failing_alone(orders=len(settling)):
                await self._settle(SettleOrders(settling))

    async def _carry(self, checkout: Checkout, until: datetime, places: asyncio.Semaphore) -> None:
        """Carry one saga on in the trace that it began in, for as long as it is ours."""
        async with places:
            with span("resume checkout", "internal", checkout.saga.traceparent) as traceparent:
                token = request_context.enter(RequestContext(traceparent=traceparent))
                try:
                    with _failing_alone(order_id=checkout.order.id):
                        left_s = (until - self._clock.now()).total_seconds()
                        await self._runner.run(checkout, left_s)
                finally:
                    request_context.leave(token)


@contextlib.contextmanager
def _failing_alone(**subject: object) -> Iterator[None]:
    """Log a failure: the sagas come again when the lease ends, and others must not wait for it."""
    try:
        yield
    except ServiceError as error:
        _log.warning("saga_waits", error=str(error), **subject)
    except Exception:
        _log.exception("saga_failed", **subject)
