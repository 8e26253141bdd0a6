"""Unfinished sagas in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.database import Statements
from chassis.ids import format_id
from orders.app.watch_sagas import Unfinished

# A saga comes to a step once. Of the many that wait for their buyers the row's time is near enough.
_PER_STEP = """
SELECT DISTINCT ON (step) step, id, since, count(*) OVER (PARTITION BY step) AS sagas
FROM (
    SELECT saga_step AS step, id, CASE WHEN saga_step = 'waiting' THEN updated_at ELSE coalesce((
        SELECT min((taken ->> 'at')::timestamptz) FROM jsonb_array_elements(steps) AS taken
        WHERE taken ->> 'step' = saga_step
    ), updated_at) END AS since
    FROM orders WHERE saga_next_at IS NOT NULL
) AS unfinished
ORDER BY step, since
"""


class PostgresSagaAges:
    """SagaAges on PostgreSQL; reads the unfinished ones only."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def per_step(self) -> Mapping[str, Unfinished]:
        """Return what is known per step; a step without sagas is left out."""
        return {
            row["step"]: Unfinished(format_id("ord", row["id"]), row["since"], row["sagas"])
            for row in await self._db.fetch_all(_PER_STEP, {})
        }
