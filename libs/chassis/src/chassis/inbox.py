"""The inbox: an event's id is recorded in the transaction of its effect, so it has one effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis.database import Statements
from chassis.retention import oldest_id_since

_KEEP = timedelta(days=60)
"""Twice as long as outbox and stream keep an event that they might deliver again."""
_CLEAN_ROWS = 10_000
# Sorted: replicas that insert the same ids in different orders would wait for each other.
_RECORD = """
INSERT INTO inbox (event_id) SELECT unnest(%(ids)s::uuid[])
ON CONFLICT DO NOTHING RETURNING event_id
"""
_CLEAN = """
DELETE FROM inbox WHERE event_id IN (
    SELECT event_id FROM inbox
    WHERE event_id < %(oldest)s AND received_at < %(before)s LIMIT %(limit)s)
"""


async def record(statements: Statements, ids: Sequence[UUID]) -> set[UUID]:
    """Record events as handled in the caller's transaction; return those that are new."""
    rows = await statements.fetch_all(_RECORD, {"ids": sorted(ids)})
    return {row["event_id"] for row in rows}


async def clean(statements: Statements) -> bool:
    """Forget a portion of the ids of 60 days ago; return whether there may be more."""
    before = datetime.now(UTC) - _KEEP
    parameters = {"oldest": oldest_id_since(before), "before": before, "limit": _CLEAN_ROWS}
    return await statements.execute(_CLEAN, parameters) >= _CLEAN_ROWS
