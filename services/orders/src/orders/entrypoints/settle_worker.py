"""Settles confirmed orders after the answer, in batches."""

from __future__ import annotations

import asyncio
from collections import deque

from chassis import context as request_context
from chassis.context import RequestContext
from chassis.errors import ServiceError
from chassis.logs import get_logger
from chassis.periodic import pause
from orders.app.settle_orders import MAX_BATCH, SettleOrders, SettleOrdersHandler
from orders.domain.checkout import Checkout

_LINGER_S = 0.05
_QUEUE_MAX = 5_000
_log = get_logger(__name__)


class SettleWorker:
    """A queue in memory of what this process confirmed, settled one batch at a time.

    What is lost with the process, or does not fit, is found by the worker that resumes sagas when
    the confirming process' lease on it ends.
    """

    def __init__(self, settle: SettleOrdersHandler) -> None:
        self._settle = settle
        self._queue: deque[Checkout] = deque()
        self._wake = asyncio.Event()

    def put(self, checkout: Checkout) -> None:
        """Add an order; if the queue is full a worker finds it later."""
        if len(self._queue) < _QUEUE_MAX:
            self._queue.append(checkout)
            self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Settle until told to stop, and then what is queued already."""
        stopping = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set() or self._queue:
                await self._wake.wait()
                await self._linger(stop)
                await self._settle_batch()
                if not self._queue and not stop.is_set():
                    self._wake.clear()
        finally:
            stopping.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _linger(self, stop: asyncio.Event) -> None:
        """Let a batch fill: a round of calls costs nearly the same for one order and for fifty."""
        if len(self._queue) < MAX_BATCH:
            await pause(stop, _LINGER_S)

    async def _settle_batch(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), MAX_BATCH))]
        if not batch:
            return
        token = request_context.enter(RequestContext(traceparent=batch[0].saga.traceparent))
        try:
            await self._settle(SettleOrders(batch))
        except ServiceError as error:
            _log.warning("settling_waits", orders=len(batch), error=str(error))
        except Exception:
            # The sagas come again when their lease ends.
            _log.exception("settling_failed", orders=len(batch))
        finally:
            request_context.leave(token)
