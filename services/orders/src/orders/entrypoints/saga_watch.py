"""Makes sagas that take long visible: as figures per step, and in the log."""

from __future__ import annotations

from prometheus_client import Gauge

from chassis.clock import Clock
from chassis.logs import get_logger
from orders.app.watch_sagas import STEPS_WATCHED, SagaAges, is_stuck

OLDEST_S = Gauge(
    "soko_orders_saga_oldest_seconds",
    "For how long the oldest unfinished saga has been at a step; 0 without one.",
    ("step",),
)
UNFINISHED = Gauge("soko_orders_sagas_unfinished", "Unfinished sagas at a step.", ("step",))

_log = get_logger(__name__)


class SagaWatch:
    """Looks how far sagas are; each replica tells the same."""

    def __init__(self, ages: SagaAges, clock: Clock) -> None:
        self._ages = ages
        self._clock = clock

    async def look(self) -> None:
        """Set the figures and name the oldest saga of each step that is stuck."""
        found, now = await self._ages.per_step(), self._clock.now()
        for step in STEPS_WATCHED:
            oldest = found.get(step)
            age_s = max((now - oldest.since).total_seconds(), 0.0) if oldest else 0.0
            OLDEST_S.labels(step).set(age_s)
            UNFINISHED.labels(step).set(oldest.sagas if oldest else 0)
            if oldest and is_stuck(step, oldest, now):
                _log.warning(
                    "saga_stuck",
                    step=step,
                    sagas=oldest.sagas,
                    order_id=oldest.order_id,
                    age_s=round(age_s),
                )
