"""Background work: sending mail, and telling again after a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import Counter

from chassis import context as request_context
from chassis.clock import Clock
from chassis.context import RequestContext
from chassis.errors import ServiceError
from chassis.logs import get_logger
from chassis.periodic import pause
from chassis.telemetry import span
from notifications.app.ports import DeliveryQueue
from notifications.app.send_mail import SendMail
from notifications.domain import deliveries
from notifications.domain.deliveries import Delivery

_LOOK_EVERY_S = 1.0
MAIL_ATTEMPTS = Counter(
    "soko_mail_attempts_total", "Attempts to send a mail, by the mail's status after.", ("status",)
)
for _status in (deliveries.SUCCEEDED, deliveries.PENDING, deliveries.DEAD):
    MAIL_ATTEMPTS.labels(_status)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MailPace:
    """How fast mail goes out; throttled because checkouts share the machine."""

    concurrency: int = 4
    rate_per_s: float = 25.0
    lease_s: float = 90.0
    """How long a claimed mail is kept from others; three times what an attempt may take."""
    poll_s: float = 2.0


class MailWorker:
    """Sends due mail with bounded concurrency at a bounded rate."""

    def __init__(
        self,
        queue: DeliveryQueue,
        send: SendMail,
        close_idle: Callable[[], Awaitable[None]],
        clock: Clock,
        pace: MailPace,
    ) -> None:
        self._queue = queue
        self._send = send
        self._close_idle = close_idle
        self._clock = clock
        self._pace = pace
        self._nudged = asyncio.Event()
        self._ended = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._tokens = float(pace.concurrency)
        self._refilled = time.monotonic()

    def nudge(self) -> None:
        """Say that there is mail to send."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set, then let mails that are under way end."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._turn(stopping)
        finally:
            stopping.cancel()
            if self._running:
                await asyncio.wait(self._running)

    async def _turn(self, stopping: asyncio.Task[bool]) -> None:
        pace = self._pace
        self._nudged.clear()
        self._ended.clear()
        slots = pace.concurrency - len(self._running)
        tokens = self._take_tokens()
        if slots == 0:
            await _wait(stopping, self._ended, pace.poll_s)
        elif tokens == 0:
            # Until a handful may go, so that one claim serves them all.
            await _wait(stopping, None, pace.concurrency / pace.rate_per_s)
        elif await self._claim(min(slots, tokens)) < min(slots, tokens):
            await _wait(stopping, self._nudged, pace.poll_s)
            if not self._running:
                await self._close_idle()

    async def _claim(self, limit: int) -> int:
        due = await self._queue.claim(self._clock.now(), self._pace.lease_s, limit)
        self._tokens -= len(due)
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(due)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            with span(f"mail {delivery.kind}", "internal", delivery.traceparent) as traceparent:
                # A task of its own has a context of its own: there is nothing to be left.
                request_context.enter(RequestContext(traceparent=traceparent))
                status = await self._send(delivery)
        except Exception:
            # The claim stands: when its lease runs out, the next attempt follows.
            _log.exception("mail_failed", delivery=str(delivery.id), attempts=delivery.attempts)
        else:
            MAIL_ATTEMPTS.labels(status).inc()
            if status == deliveries.DEAD:
                _log.error("mail_dead", delivery=str(delivery.id), attempts=delivery.attempts)
        finally:
            self._ended.set()

    def _take_tokens(self) -> int:
        now = time.monotonic()
        refill = (now - self._refilled) * self._pace.rate_per_s
        self._refilled = now
        self._tokens = min(float(self._pace.concurrency), self._tokens + refill)
        return int(self._tokens)


async def _wait(stopping: asyncio.Task[bool], event: asyncio.Event | None, limit_s: float) -> None:
    """Wait for an event, the end or a time, whichever comes first."""
    waking = asyncio.create_task(event.wait()) if event is not None else None
    tasks = {stopping} if waking is None else {stopping, waking}
    await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    if waking is not None:
        waking.cancel()


class Retelling:
    """Tells recent messages again whenever a connection to the broker begins.

    The first one follows a start, perhaps after a crash between commit and publication; later ones
    follow a time in which nothing could be told.
    """

    def __init__(self, generation: Callable[[], int], retell: Callable[[], Awaitable[int]]) -> None:
        self._generation = generation
        self._retell = retell

    async def run(self, stop: asyncio.Event) -> None:
        """Look for a new connection every second until ``stop`` is set."""
        done = 0
        while not stop.is_set():
            current = self._generation()
            if current != done:
                try:
                    count = await self._retell()
                    _log.info("messages_told_again", count=count)
                    done = current
                except ServiceError as error:
                    _log.info("messages_not_told_again", error=str(error))
            await pause(stop, _LOOK_EVERY_S)
