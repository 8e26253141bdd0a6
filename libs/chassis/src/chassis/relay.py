"""The relay: publishes what stands in the outbox, independent of any request.

Any number of relays may work on one outbox. A lease on an aggregate's oldest unpublished row is a
lease on the aggregate: its later events wait, so each aggregate's order is kept. A publish that was
not acknowledged is unknown and is done again with the same message id, which the broker drops if it
had stored it; consumers drop the rest by event id.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from nats.aio.msg import Msg
from prometheus_client import Counter

from chassis import envelope, telemetry
from chassis.broker import Broker, stream_name
from chassis.database import Database, Row
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.failpoints import failpoint
from chassis.logs import get_logger
from chassis.replies import Outgoing
from chassis.retention import oldest_id_since

_BATCH = 200
_LEASE_S = 15
"""What a killed relay had claimed waits so long; quiet is promised after 30 s."""
_PUBLISH_TIMEOUT_S = 5.0
_ROUNDS_S = 5.0
"""How long one batch's rounds may take together: well inside the lease."""
_FOLLOWERS = 20
_POLL_S = 1.0
_LINGER_S = 0.005
"""How long the first nudge waits for company."""
_SPACING_S = 0.1
"""Pause after a batch that was not full: under load, fewer and larger batches cost less CPU."""
_LOOK_AGAIN_S = 10.0
"""Nobody else makes a stream that was deleted, and quiet is promised after 30 s."""
_CLEAN_EVERY_S = 3600.0
_CLEAN_ROWS = 5000
_KEEP = timedelta(days=30)
_RESET_TIMEOUT_MS = 600_000
_log = get_logger(__name__)

# The state's row lock keeps a relay from marking events that only the former stream had, while
# another relay declares that stream lost. A predecessor is the row one number below, because
# numbers have no gaps and only published rows are ever cleaned away. It is looked up by its key,
# row by row: an anti-join of the unpublished with themselves costs the square of them, and
# statistics that were taken at a quiet moment make it look cheap.
_STEP = """
WITH state AS MATERIALIZED (
    SELECT stream FROM relay_state
    WHERE stream = %(stream)s AND created = %(created)s FOR KEY SHARE
), marked AS (
    UPDATE outbox SET published_at = now(), claimed_until = NULL
    WHERE id = ANY(%(published)s) AND EXISTS (SELECT FROM state)
), released AS (
    UPDATE outbox SET claimed_until = NULL
    WHERE id = ANY(%(released)s) AND published_at IS NULL
), heads AS MATERIALIZED (
    SELECT o.id FROM outbox o
    WHERE o.published_at IS NULL
      AND (o.claimed_until IS NULL OR o.claimed_until < now())
      AND o.id <> ALL(%(published)s)
      AND coalesce((
        SELECT p.published_at IS NOT NULL OR p.id = ANY(%(published)s) FROM outbox p
        WHERE p.aggregate_id = o.aggregate_id AND p.sequence = o.sequence - 1), true)
      AND EXISTS (SELECT FROM state)
    ORDER BY o.occurred_at LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE outbox o SET claimed_until = now() + make_interval(secs => %(lease)s)
    FROM heads WHERE o.id = heads.id
    RETURNING o.id, o.aggregate_id, o.sequence, o.name, o.payload, o.traceparent, o.occurred_at
)
SELECT false AS follower, leased.* FROM leased
UNION ALL
SELECT true, f.id, f.aggregate_id, f.sequence, f.name, f.payload, f.traceparent, f.occurred_at
FROM leased JOIN outbox f ON f.aggregate_id = leased.aggregate_id
  AND f.sequence > leased.sequence AND f.sequence <= leased.sequence + %(followers)s
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE NOT EXISTS (SELECT FROM state)
"""
_CLEAN = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE id < %(oldest)s AND published_at < %(before)s LIMIT %(limit)s)
"""


PUBLISHED = Counter(
    "soko_events_published_total", "Domain events by name, once published.", ("context", "event")
)


class Published(NamedTuple):
    """An event that was published, as the outbox has it."""

    name: str
    payload: bytes


class Relay:
    """Publishes one context's events in each aggregate's order.

    ``on_published`` is told of events that were published for the first time, to count them: it is
    not told of what a process had published that was killed before it wrote so down, or twice.
    """

    def __init__(
        self,
        db: Database,
        nats: Broker,
        context: str,
        *,
        poll_s: float = _POLL_S,
        on_published: Callable[[Sequence[Published]], None] | None = None,
    ) -> None:
        self._db = db
        self._broker = nats
        self._context = context
        self._poll_s = poll_s
        self._source = envelope.source(context)
        self._wake = asyncio.Event()
        self._published: list[UUID] = []
        self._released: list[UUID] = []
        self._created = ""
        self._generation = 0
        self._looked_at = -math.inf
        self._cleaned_at = -math.inf
        self._last_stored = 0
        self._on_published = on_published
        self._counted_since = datetime.min.replace(tzinfo=UTC)

    def nudge(self) -> None:
        """Tell the relay that there is something to publish; without it, it looks once a second."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; failures of database and broker are waited out."""
        stopping = asyncio.create_task(self._wake_on(stop))
        pause = 0.0
        try:
            while not stop.is_set():
                try:
                    claimed = await self._step()
                    pause = 0.0
                except ServiceError as error:
                    _log.warning("relay_waits", context=self._context, error=str(error))
                    pause = min(2.0, pause * 2 or 0.1)
                    claimed = 0
                if pause or 0 < claimed < _BATCH:
                    await asyncio.sleep(pause or _SPACING_S)
                elif not claimed:
                    await self._wait_for_work()
            await self._mark_rest()
        finally:
            stopping.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _wait_for_work(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
                await asyncio.sleep(_LINGER_S)
        self._wake.clear()

    async def _step(self) -> int:
        """Mark the last batch and publish the next; return how many events were claimed."""
        await self._look_at_stream()
        rows = await self._mark_and_claim(_BATCH)
        if rows and rows[-1]["id"] is None:
            self._looked_at = -math.inf  # another relay knows a newer stream
            return _BATCH
        if not rows:
            await self._clean()
            return 0
        failpoint("relay.after_claim")
        try:
            await self._publish(rows)
        except BaseException:
            self._released.extend(row["id"] for row in rows if not row["follower"])
            raise
        return len(rows)

    async def _mark_and_claim(self, limit: int) -> list[Row]:
        rows = await self._db.fetch_all(
            _STEP,
            {
                "stream": stream_name(self._context),
                "created": self._created,
                "published": self._published,
                "released": self._released,
                "limit": limit,
                "lease": _LEASE_S,
                "followers": _FOLLOWERS,
            },
        )
        if not rows or rows[-1]["id"] is not None:
            self._published.clear()
        self._released.clear()
        return rows

    async def _mark_rest(self) -> None:
        if self._published or self._released:
            await self._mark_and_claim(0)

    async def _publish(self, rows: list[Row]) -> None:
        """Publish heads together, then the next event of each aggregate, while all goes well."""
        queues: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: int(row["sequence"])):
            queues.setdefault(row["aggregate_id"], []).append(row)
        until = time.monotonic() + _ROUNDS_S
        heads = [queue[0] for queue in queues.values()]
        leased = {row["id"] for row in heads}
        told: list[Row] = []
        while heads and time.monotonic() < until:
            with contextlib.ExitStack() as spans:
                answers = await self._broker.request_many(
                    [self._message(row, spans) for row in heads], _PUBLISH_TIMEOUT_S
                )
            failpoint("relay.after_publish")
            following: list[Row] = []
            for row, answer in zip(heads, answers, strict=True):
                if not self._stored(answer):
                    if row["id"] in leased:
                        self._released.append(row["id"])
                    continue
                self._published.append(row["id"])
                told.append(row)
                queue = queues[row["aggregate_id"]]
                queue.pop(0)
                if queue:
                    following.append(queue[0])
            heads = following
        self._count(told)

    def _count(self, rows: Sequence[Row]) -> None:
        """Count what was told; a lost stream that is filled again tells nothing new."""
        new = [
            Published(row["name"], row["payload"])
            for row in rows
            if row["occurred_at"] > self._counted_since
        ]
        for event in new:
            PUBLISHED.labels(self._context, event.name).inc()
        if self._on_published is None:
            return
        try:
            self._on_published(new)
        except Exception:
            _log.exception("events_not_counted", context=self._context)

    def _message(self, row: Row, spans: contextlib.ExitStack) -> Outgoing:
        subject, traceparent = envelope.subject(self._context, row["name"]), row["traceparent"]
        if telemetry.recorded(traceparent):
            traceparent = spans.enter_context(
                telemetry.span(
                    f"{row['name']} publish",
                    "producer",
                    traceparent,
                    envelope.span_attributes(subject, row["id"]),
                )
            )
        event = Envelope(
            id=row["id"],
            name=row["name"],
            source=self._source,
            time=row["occurred_at"],
            aggregate_id=row["aggregate_id"],
            sequence=row["sequence"],
            traceparent=traceparent,
            data=row["payload"],
        )
        return Outgoing(subject, event.data, event.headers(self._context, str(event.id)))

    def _stored(self, answer: Msg | None) -> bool:
        """Return whether the stream has the event; whatever is odd makes us look at the stream."""
        if answer is None:
            self._looked_at = -math.inf
            return False
        ack: dict[str, Any] = orjson.loads(answer.data) if answer.data else {}
        number = ack.get("seq", 0)
        if "error" in ack or not number:
            self._looked_at = -math.inf
            _log.warning("publish_refused", context=self._context, answer=ack)
            return False
        if not ack.get("duplicate"):
            if number <= self._last_stored:
                # The stream counts from the start again: it is another one.
                self._looked_at = -math.inf
                self._last_stored = 0
                return False
            self._last_stored = number
        return True

    async def _look_at_stream(self) -> None:
        """Notice a stream that was lost, and mark everything for publication again."""
        now = time.monotonic()
        generation = self._broker.generation
        if generation == self._generation and now - self._looked_at < _LOOK_AGAIN_S:
            return
        created, last = await self._broker.ensure_stream(self._context)
        # A stream that ends before an event it acknowledged has lost its newest ones.
        lost = last < self._last_stored
        if lost or created != self._created:
            await self._begin_stream(created, lost=lost)
        self._generation = generation
        self._looked_at = now

    async def _begin_stream(self, created: str, *, lost: bool) -> None:
        """Have everything published again, if the stream is not the one that we filled."""
        stream = stream_name(self._context)
        async with self._db.transaction(statement_timeout_ms=_RESET_TIMEOUT_MS) as session:
            await session.execute(
                "INSERT INTO relay_state (stream, created) VALUES (%(stream)s, '')"
                " ON CONFLICT DO NOTHING",
                {"stream": stream},
            )
            known = await session.fetch_one(
                "SELECT created FROM relay_state WHERE stream = %(stream)s FOR UPDATE",
                {"stream": stream},
            )
            if lost or (known is not None and known["created"] != created):
                again = await session.execute(
                    "UPDATE outbox SET published_at = NULL, claimed_until = NULL"
                    " WHERE published_at IS NOT NULL OR claimed_until IS NOT NULL"
                )
                await session.execute(
                    "UPDATE relay_state SET created = %(created)s WHERE stream = %(stream)s",
                    {"stream": stream, "created": created},
                )
                if again:
                    self._counted_since = datetime.now(UTC)
                    _log.warning("stream_filled_again", stream=stream, events=again)
        # What the former stream acknowledged, the new one does not have.
        self._published.clear()
        self._released.clear()
        self._last_stored = 0
        self._created = created

    async def _clean(self) -> None:
        """Delete what was published long ago, now and then."""
        now = time.monotonic()
        if now - self._cleaned_at < _CLEAN_EVERY_S:
            return
        before = datetime.now(UTC) - _KEEP
        deleted = await self._db.execute(
            _CLEAN, {"oldest": oldest_id_since(before), "before": before, "limit": _CLEAN_ROWS}
        )
        if deleted < _CLEAN_ROWS:
            self._cleaned_at = now
