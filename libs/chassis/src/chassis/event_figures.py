"""Events that are on their way, as figures: not published, not handled, given up.

What the tables and the broker say is the same for each replica: take the largest, not the sum.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from prometheus_client import Gauge

from chassis.broker import Broker
from chassis.consumer import EventConsumer
from chassis.database import Database
from chassis.periodic import FIGURES_EVERY_S, Periodic
from chassis.relay import Relay

_MOST = 100_000
"""More unpublished events than these are not counted: that would take the database long."""

UNPUBLISHED = Gauge(
    "soko_outbox_unpublished", "Events that wait to be published, at most 100,000.", ("context",)
)
UNPUBLISHED_OLDEST_S = Gauge(
    "soko_outbox_oldest_seconds", "For how long the oldest of them has waited.", ("context",)
)
_HEARD = ("context", "source")
PENDING = Gauge("soko_consumer_pending", "Events that wait to be delivered.", _HEARD)
UNACKNOWLEDGED = Gauge(
    "soko_consumer_unacknowledged", "Events that were delivered and not acknowledged.", _HEARD
)
REDELIVERED = Gauge(
    "soko_consumer_redelivered", "Those of them that were delivered more than once.", _HEARD
)
STALLED_S = Gauge(
    "soko_consumer_stalled_seconds",
    "For how long there have been events and none was acknowledged; 0 without any.",
    _HEARD,
)
DEAD_LETTERS = Gauge("soko_dead_letters", "Events that were given up and not redriven.", _HEARD)

# Both read partial or small tables alone; the count stops at its limit.
_OUTBOX = """
SELECT (SELECT count(*) FROM (
        SELECT FROM outbox WHERE published_at IS NULL LIMIT %(most)s) AS unpublished) AS waiting,
    coalesce(extract(epoch FROM now() - (
        SELECT min(occurred_at) FROM outbox WHERE published_at IS NULL)), 0)::float8 AS oldest_s
"""
_DEAD = "SELECT context, count(*) AS dead FROM dead_letter WHERE redriven_at IS NULL GROUP BY 1"


class EventFigures:
    """Looks at one context's outbox, consumers and dead letters."""

    def __init__(self, context: str, db: Database, broker: Broker, hears: Sequence[str]) -> None:
        self._context = context
        self._db = db
        self._broker = broker
        self._hears = hears
        self._moved = {source: (-1, time.monotonic()) for source in hears}
        """How far each consumer was when it last moved or had nothing to do, and when."""

    async def look_at_outbox(self) -> None:
        """Set the figures; what could not be looked at is not a number."""
        waiting = oldest_s = math.nan
        try:
            row = await self._db.fetch_one(_OUTBOX, {"most": _MOST})
            if row is not None:
                waiting, oldest_s = row["waiting"], max(row["oldest_s"], 0.0)
        finally:
            UNPUBLISHED.labels(self._context).set(waiting)
            UNPUBLISHED_OLDEST_S.labels(self._context).set(oldest_s)

    async def look_at_dead_letters(self) -> None:
        """Set the figures; what could not be looked at is not a number."""
        dead: dict[str, float] = dict.fromkeys(self._hears, math.nan)
        try:
            found = {row["context"]: row["dead"] for row in await self._db.fetch_all(_DEAD)}
            dead = {source: found.get(source, 0) for source in self._hears}
        finally:
            for source, count in dead.items():
                DEAD_LETTERS.labels(self._context, source).set(count)

    async def look_at_consumer(self, source: str) -> None:
        """Set the figures of what it hears of one context."""
        labels = (self._context, source)
        pending = unacknowledged = redelivered = stalled_s = math.nan
        try:
            lag = await self._broker.consumer_lag(source, self._context)
            pending, unacknowledged, redelivered = lag.pending, lag.unacknowledged, lag.redelivered
            now = time.monotonic()
            acknowledged, moved_at = self._moved[source]
            if lag.acknowledged != acknowledged or not pending + unacknowledged:
                acknowledged, moved_at = self._moved[source] = lag.acknowledged, now
            stalled_s = now - moved_at
        finally:
            PENDING.labels(*labels).set(pending)
            UNACKNOWLEDGED.labels(*labels).set(unacknowledged)
            REDELIVERED.labels(*labels).set(redelivered)
            STALLED_S.labels(*labels).set(stalled_s)


def event_figures(
    context: str, databases: Sequence[Database], broker: Broker | None, background: Iterable[object]
) -> list[Periodic]:
    """Return what watches the events of a service that has any, by the work that it does."""
    if broker is None or not databases:
        return []
    background = list(background)
    hears = [work.subscription[0] for work in background if isinstance(work, EventConsumer)]
    figures = EventFigures(context, databases[-1], broker, hears)
    looks: list[Callable[[], Awaitable[None]]] = []
    if any(isinstance(work, Relay) for work in background):
        looks.append(figures.look_at_outbox)
    if hears:
        looks.append(figures.look_at_dead_letters)
    looks += [partial(figures.look_at_consumer, source) for source in hears]
    # Each for itself: the database tells its part while the broker is away.
    return [Periodic("event figures", FIGURES_EVERY_S, look) for look in looks]
