"""Reports of audits, in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import orjson

from chassis.database import Statements
from chassis.ids import new_id
from notifications.domain.audits import AuditFinding, AuditReport

_KEPT = 100
_ADD = """
WITH added AS (
    INSERT INTO audit_report (id, started_at, finished_at, checked, findings)
    VALUES (%(id)s, %(started_at)s, %(finished_at)s, %(checked)s::jsonb, %(findings)s::jsonb)
)
DELETE FROM audit_report WHERE id IN (
    SELECT id FROM audit_report ORDER BY finished_at DESC OFFSET %(kept)s - 1)
"""
_LAST = "SELECT * FROM audit_report ORDER BY finished_at DESC LIMIT 1"
_TAKE_TURN = """
INSERT INTO audit_turn AS t (name, next_at) VALUES ('audit', %(next)s)
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at WHERE t.next_at <= %(now)s
RETURNING xmax <> 0 AS taken
"""


class PostgresAuditReports:
    """AuditReports on the service's own tables."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def add(self, report: AuditReport) -> None:
        """Keep a report, and forget those before the last hundred."""
        await self._statements.execute(
            _ADD,
            {
                "id": new_id(),
                "started_at": report.started_at,
                "finished_at": report.finished_at,
                "checked": dict(report.checked),
                "findings": orjson.dumps([asdict(each) for each in report.findings]).decode(),
                "kept": _KEPT,
            },
        )

    async def last(self) -> AuditReport | None:
        """Return the newest report."""
        row = await self._statements.fetch_one(_LAST)
        if row is None:
            return None
        return AuditReport(
            started_at=row["started_at"],
            finished_at=row["finished_at"],
            checked=row["checked"],
            findings=tuple(AuditFinding(**each) for each in row["findings"]),
        )

    async def take_turn(self, now: datetime, next_at: datetime) -> bool:
        """Take the turn if it is due, and name the next; the first time only name it."""
        row = await self._statements.fetch_one(_TAKE_TURN, {"now": now, "next": next_at})
        return row is not None and bool(row["taken"])
