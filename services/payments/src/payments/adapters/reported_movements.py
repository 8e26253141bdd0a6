"""Providers' reports in PostgreSQL, compared there with attempts, refunds and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from chassis.database import Database, Row
from payments.app.provider import Movement
from payments.app.reconcile import MISSING_THERE, Difference

_STATEMENT_TIMEOUT_MS = 25_000
_ROWS = 1000

_KEEP = """
INSERT INTO reported_movement (
    run, number, kind, movement_id, subject_id, amount_minor, currency, at
)
SELECT %(run)s, number, kind, movement_id, subject_id, amount_minor, currency, at
FROM jsonb_to_recordset(%(movements)s::jsonb) AS i (
    number bigint, kind text, movement_id text, subject_id uuid, amount_minor bigint,
    currency text, at timestamptz
)
"""

_THEIRS = """
WITH compared AS (
    SELECT m.number, m.kind AS movement, m.movement_id, m.subject_id, m.amount_minor AS their_minor,
        m.currency AS their_currency, p.order_id,
        CASE m.kind WHEN 'capture' THEN p.captured_minor ELSE r.amount_minor END AS our_minor,
        p.currency AS our_currency,
        CASE m.kind WHEN 'capture' THEN p.status ELSE r.status END AS status,
        CASE
            WHEN p.id IS NULL THEN 'missing_here'
            WHEN m.kind = 'capture' AND p.captured_minor = 0 THEN 'status_differs'
            WHEN m.kind = 'refund' AND r.status <> 'succeeded' THEN 'status_differs'
            WHEN (CASE m.kind WHEN 'capture' THEN p.captured_minor ELSE r.amount_minor END,
                p.currency) <> (m.amount_minor, m.currency) THEN 'amount_differs'
        END AS kind
    FROM reported_movement m
    LEFT JOIN refund r ON m.kind = 'refund' AND r.id = m.subject_id
    LEFT JOIN attempt a ON m.kind = 'capture' AND a.id = m.subject_id
    LEFT JOIN payment p
        ON p.id = coalesce(a.payment_id, r.payment_id) AND p.provider = %(provider)s
    WHERE m.run = %(run)s AND m.at >= %(since)s AND m.at < %(until)s
)
SELECT * FROM compared WHERE kind IS NOT NULL ORDER BY number LIMIT %(limit)s
"""

_OURS = """
WITH ours AS (
    SELECT 'capture' AS movement, a.id AS subject_id, p.order_id, e.amount_minor, e.currency,
        p.status
    FROM ledger_entry e JOIN payment p ON p.order_id = e.order_id
    JOIN attempt a ON a.payment_id = p.id
    WHERE e.event = 'capture' AND e.amount_minor > 0 AND p.provider = %(provider)s
        AND e.created_at >= %(since)s AND e.created_at < %(until)s
    UNION ALL
    SELECT 'refund', r.id, p.order_id, r.amount_minor, p.currency, r.status
    FROM refund r JOIN payment p ON p.id = r.payment_id
    WHERE r.status = 'succeeded' AND p.provider = %(provider)s
        AND r.updated_at >= %(since)s AND r.updated_at < %(until)s
)
"""
_COUNT_OURS = _OURS + "SELECT count(*) AS looked_at FROM ours"  # noqa: S608 - constants
_MISSING_THERE = (
    _OURS
    + """
SELECT * FROM ours o WHERE NOT EXISTS (
    SELECT FROM reported_movement m
    WHERE m.run = %(run)s AND m.kind = o.movement AND m.subject_id = o.subject_id
)
ORDER BY subject_id LIMIT %(limit)s
"""
)

# A run's id tells when it began.
_FORGET = """
DELETE FROM reported_movement
WHERE run = %(run)s OR uuid_extract_timestamp(run) < now() - interval '1 day'
"""


class PostgresReportedMovements:
    """The reports that are being compared."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(self, run: UUID, first: int, movements: Sequence[Movement]) -> None:
        """Store a page of the report of one run; ``first`` is the number of its first line."""
        for start in range(0, len(movements), _ROWS):
            rows = [
                {
                    "number": first + start + offset,
                    "kind": each.kind,
                    "movement_id": each.id,
                    "subject_id": each.attempt_id if each.kind == "capture" else each.refund_id,
                    "amount_minor": each.amount_minor,
                    "currency": each.currency,
                    "at": each.at,
                }
                for offset, each in enumerate(movements[start : start + _ROWS])
            ]
            await self._db.execute(_KEEP, {"run": run, "movements": orjson.dumps(rows).decode()})

    async def compare(
        self, run: UUID, provider: str, since: datetime, until: datetime, limit: int
    ) -> tuple[int, list[Difference]]:
        """Return how many of ours were looked at, and differences, at most ``limit``."""
        params = {
            "run": run,
            "provider": provider,
            "since": since,
            "until": until,
            "limit": limit,
        }
        async with self._db.transaction(statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as session:
            theirs = await session.fetch_all(_THEIRS, params)
            params["limit"] = limit - len(theirs)
            missing = await session.fetch_all(_MISSING_THERE, params)
            count = await session.fetch_one(_COUNT_OURS, params)
        found = [_of_theirs(row) for row in theirs] + [_missing(row) for row in missing]
        return count["looked_at"] if count else 0, found

    async def forget(self, run: UUID) -> None:
        """Delete a run, and those that a crash left behind."""
        async with self._db.transaction(statement_timeout_ms=_STATEMENT_TIMEOUT_MS) as session:
            await session.execute(_FORGET, {"run": run})


def _of_theirs(row: Row) -> Difference:
    ours = None
    if row["our_minor"] is not None:
        ours = (row["our_minor"], row["our_currency"])
    return Difference(
        kind=row["kind"],
        movement=row["movement"],
        movement_id=row["movement_id"],
        order_id=row["order_id"],
        subject_id=row["subject_id"],
        ours=ours,
        theirs=(row["their_minor"], row["their_currency"]),
        status=row["status"] or "",
    )


def _missing(row: Row) -> Difference:
    return Difference(
        kind=MISSING_THERE,
        movement=row["movement"],
        movement_id="",
        order_id=row["order_id"],
        subject_id=row["subject_id"],
        ours=(row["amount_minor"], row["currency"]),
        theirs=None,
        status=row["status"],
    )
