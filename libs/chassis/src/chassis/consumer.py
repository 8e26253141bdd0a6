"""The consumer: handles another context's events once each, whatever is delivered twice or late.

A batch is handled in one transaction with its inbox rows and acknowledged after the commit. When
that fails, the events are handled one by one, so that a bad one stops only itself: it is delivered
again with growing pauses and ends as a dead letter. An event that failed is overtaken by later ones
of its aggregate; a handler that cares compares ``Envelope.sequence``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
from nats.aio.msg import Msg
from prometheus_client import Histogram

from chassis import context as request_context
from chassis import dead_letters, inbox, telemetry
from chassis.actor import Actor
from chassis.broker import Broker, ConsumerLag
from chassis.context import RequestContext
from chassis.database import Database, Session
from chassis.envelope import Envelope, UnreadableEventError, parse, span_attributes, subject
from chassis.errors import ServiceError
from chassis.failpoints import failpoint
from chassis.logs import get_logger
from chassis.periodic import pause
from chassis.pull import ConsumerGoneError, Pull
from chassis.replies import Outgoing

Handler = Callable[[Envelope, Session], Awaitable[None]]
"""Runs in the inbox's transaction; it makes no remote call, and raises to be tried again."""
BatchHandler = Callable[[Sequence[Envelope], Session], Awaitable[None]]
"""Like Handler, for all new events of a transaction at once, in the order of their arrival."""

_BATCH = 64
_ACK_WAIT_S = 15.0
"""What a killed process had received comes again so late; quiet is promised after 30 s."""
_PROGRESS_EVERY_S = 5.0
_MAX_DELIVERIES = 8
_TRUSTED_DELIVERIES = 2
"""An event that came more often is handled alone: it may be what spoils the batch."""
_BACKOFF_S = (0.2, 1.0, 3.0, 10.0, 20.0, 40.0, 60.0)
_PAUSE_S = 0.5
_CLEAN_EVERY_S = 3600.0
_TRANSIENT = ("unavailable",)
_ACK = b"+ACK"
_TERM = b"+TERM"
_IN_PROGRESS = b"+WPI"
_DELAY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
DELAY_S = Histogram(
    "soko_event_delay_seconds",
    "From an event until its handling stands.",
    ("context", "source"),
    buckets=_DELAY_BUCKETS_S,
)
_log = get_logger(__name__)


class _Delivery(NamedTuple):
    """An event and the message that brought it."""

    event: Envelope
    message: Msg

    @property
    def times(self) -> int:
        """How often this message was delivered, from 1."""
        return int(self.message.metadata.num_delivered or 1)


class EventConsumer:
    """Handles events of one context for one service; replicas share the work.

    ``handlers`` maps event names to handlers. Where multi-row statements are cheaper than many
    statements, ``batch_handler`` takes all new events of the names in ``batch_names`` at once; it
    may be given few or one, and a batch that fails comes again one by one. ``after_commit`` is
    called with the events that were new, once their transaction stands; what it does is lost if the
    process dies right then.
    """

    def __init__(
        self,
        db: Database,
        broker: Broker,
        *,
        service: str,
        context: str,
        handlers: Mapping[str, Handler] | None = None,
        batch_names: Sequence[str] = (),
        batch_handler: BatchHandler | None = None,
        after_commit: Callable[[list[Envelope]], Awaitable[None]] | None = None,
        batch: int = _BATCH,
        max_deliveries: int = _MAX_DELIVERIES,
        backoff_s: Sequence[float] = _BACKOFF_S,
    ) -> None:
        self._db = db
        self._broker = broker
        self._service = service
        self._context = context
        self._handlers = dict(handlers or {})
        self._batch_names = frozenset(batch_names)
        self._batch_handler = batch_handler
        self._after_commit = after_commit
        self._batch = batch
        self._max_deliveries = max_deliveries
        self._backoff_s = tuple(backoff_s)
        self._actor = Actor(kind="service", service=context)
        self._cleaned_at = -math.inf
        self._delay_s = DELAY_S.labels(service, context)

    async def lag(self) -> ConsumerLag:
        """Return how far it is behind; raises ServiceError ``unavailable``."""
        return await self._broker.consumer_lag(self._context, self._service)

    @property
    def subscription(self) -> tuple[str, Sequence[str]]:
        """The context that it hears, and the names of the events."""
        return self._context, [*self._handlers, *self._batch_names]

    async def run(self, stop: asyncio.Event) -> None:
        """Handle events until told to stop; a lost broker or database is waited out."""
        while not stop.is_set():
            try:
                await self._broker.ensure_consumer(
                    self._context, self._service, self.subscription[1], _ACK_WAIT_S
                )
                await self._consume(stop)
            except ConsumerGoneError as error:
                _log.info("consumer_made_sure", context=self._context, reason=str(error))
            except ServiceError as error:
                reason = str(error.__cause__ or error)
                _log.warning("consumer_waits", context=self._context, error=reason)
            await pause(stop, _PAUSE_S)

    async def _consume(self, stop: asyncio.Event) -> None:
        pull = Pull(self._broker, self._context, self._service, self._batch)
        await pull.open()
        waking = asyncio.create_task(_wake_on(stop, pull))
        try:
            while not stop.is_set():
                messages = await pull.next()
                if messages:
                    await self._handle(messages, stop)
                else:
                    await self._clean()
        finally:
            waking.cancel()
            await self._refuse(await pull.close())

    async def _refuse(self, messages: Sequence[Msg]) -> None:
        """Hand back what was delivered and not begun, for another replica or the next start."""
        for message in messages:
            try:
                await self._answer(message, _nak(0))
            except ServiceError:
                return

    async def _handle(self, messages: Sequence[Msg], stop: asyncio.Event) -> None:
        deliveries: list[_Delivery] = []
        for message in messages:
            try:
                deliveries.append(_Delivery(parse(message.headers, message.data), message))
            except UnreadableEventError as error:
                _log.error("unreadable_event", subject=message.subject, error=str(error))
                await self._answer(message, _TERM)
        suspects = [delivery for delivery in deliveries if delivery.times > _TRUSTED_DELIVERIES]
        if suspects:
            deliveries = [delivery for delivery in deliveries if delivery not in suspects]
        await self._handle_batch(deliveries, stop)
        await self._handle_each(suspects, stop)

    async def _handle_batch(self, deliveries: Sequence[_Delivery], stop: asyncio.Event) -> None:
        while deliveries:
            try:
                await self._handle_together(deliveries)
            except Exception as error:
                if not is_transient(error):
                    if len(deliveries) == 1:
                        await self._give_back(deliveries[0], error)
                    else:
                        _log.info("batch_failed", context=self._context, error=repr(error))
                        await self._handle_each(deliveries, stop)
                    return
                _log.warning("consumer_waits", context=self._context, error=str(error))
                await pause(stop, _PAUSE_S)
                if stop.is_set():
                    await self._refuse([delivery.message for delivery in deliveries])
                    return
                await self._keep(deliveries)
            else:
                return

    async def _keep(self, deliveries: Sequence[_Delivery]) -> None:
        """Tell the broker that these are still being worked on."""
        for delivery in deliveries:
            await self._answer(delivery.message, _IN_PROGRESS)

    async def _handle_each(self, deliveries: Sequence[_Delivery], stop: asyncio.Event) -> None:
        told = time.monotonic()
        for index, delivery in enumerate(deliveries):
            if stop.is_set():
                await self._refuse([later.message for later in deliveries[index:]])
                return
            if time.monotonic() - told > _PROGRESS_EVERY_S:
                await self._keep(deliveries[index:])
                told = time.monotonic()
            try:
                await self._handle_together([delivery])
            except Exception as error:
                await self._give_back(delivery, error)

    async def _give_back(self, delivery: _Delivery, error: Exception) -> None:
        """Have an event delivered again later, or keep it as a dead letter."""
        event, times = delivery.event, delivery.times
        if is_transient(error) or times < self._max_deliveries:
            pause = self._backoff_s[min(times, len(self._backoff_s)) - 1]
            _log.warning(
                "event_failed",
                event_id=str(event.id),
                event_name=event.name,
                deliveries=times,
                error=repr(error),
            )
            await self._answer(delivery.message, _nak(pause))
            return
        await dead_letters.keep(self._db, self._context, event, error, times)
        _log.error("event_dead", event_id=str(event.id), event_name=event.name, exc_info=error)
        await self._answer(delivery.message, _TERM)

    async def _handle_together(self, deliveries: Sequence[_Delivery]) -> None:
        async with self._db.transaction() as session:
            fresh = await self.handle(session, [delivery.event for delivery in deliveries])
            failpoint("consumer.before_commit")
        failpoint("consumer.after_commit")
        now = datetime.now(UTC)
        for event in fresh:
            self._delay_s.observe(max((now - event.time).total_seconds(), 0.0))
        await self.tell(fresh)
        failpoint("consumer.before_ack")
        await self._acknowledge(deliveries)
        failpoint("consumer.after_ack")

    async def handle(self, session: Session, events: Sequence[Envelope]) -> list[Envelope]:
        """Record events in the inbox and handle those that are new; return these."""
        fresh: list[Envelope] = []
        new = await inbox.record(session, [event.id for event in events])
        for event in events:
            if event.id not in new:
                continue
            new.discard(event.id)
            await self._handle_event(event, session)
            fresh.append(event)
        batched = [event for event in fresh if event.name in self._batch_names]
        if batched and self._batch_handler is not None:
            with contextlib.ExitStack() as spans:
                traced = [self._traced(event, spans) for event in batched]
                await self._batch_handler(traced, session)
        return fresh

    def _traced(self, event: Envelope, spans: contextlib.ExitStack) -> Envelope:
        """Return an event with the span of its handling, if its trace is recorded."""
        if not telemetry.recorded(event.traceparent):
            return event
        return replace(event, traceparent=spans.enter_context(self._span(event)))

    def _span(self, event: Envelope) -> AbstractContextManager[str]:
        attributes = None
        if telemetry.recorded(event.traceparent):
            attributes = span_attributes(subject(self._context, event.name), event.id)
        return telemetry.span(f"{event.name} process", "consumer", event.traceparent, attributes)

    async def tell(self, fresh: list[Envelope]) -> None:
        """Do what follows the commit of new events."""
        if fresh and self._after_commit is not None:
            try:
                await self._after_commit(fresh)
            except Exception:
                _log.exception("after_commit_failed", context=self._context)

    async def _handle_event(self, event: Envelope, session: Session) -> None:
        handler = self._handlers.get(event.name)
        if handler is None:
            return
        with self._span(event) as here:
            token = request_context.enter(RequestContext(actor=self._actor, traceparent=here))
            try:
                await handler(event, session)
            finally:
                request_context.leave(token)

    async def _acknowledge(self, deliveries: Sequence[_Delivery]) -> None:
        """Acknowledge and wait for the broker's word; without it, the inbox drops the next one."""
        try:
            await self._broker.request_many(
                [Outgoing(delivery.message.reply, _ACK) for delivery in deliveries]
            )
        except ServiceError as error:
            _log.info("acknowledgement_lost", context=self._context, error=str(error))

    async def _answer(self, message: Msg, word: bytes) -> None:
        await self._broker.publish(Outgoing(message.reply, word))

    async def _clean(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at >= _CLEAN_EVERY_S and not await inbox.clean(self._db):
            await dead_letters.clean(self._db)
            self._cleaned_at = now


def _nak(delay_s: float) -> bytes:
    if not delay_s:
        return b"-NAK"
    return b"-NAK " + orjson.dumps({"delay": int(delay_s * 1e9)})


def is_transient(error: Exception) -> bool:
    """Return whether the world is at fault and not the event: such an error counts no delivery."""
    return isinstance(error, ServiceError) and error.kind in _TRANSIENT


async def _wake_on(stop: asyncio.Event, pull: Pull) -> None:
    await stop.wait()
    pull.wake()
