"""Auditing the deployment when it is time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.app.ports import Auditor, AuditReports
from notifications.domain.audits import AuditReport


@dataclass(frozen=True, slots=True)
class RunDueAudit:
    """Audit if the last turn is an interval ago; the first turn comes after an interval."""

    now: datetime
    interval: timedelta


async def run_due_audit(
    command: RunDueAudit, reports: AuditReports, auditor: Auditor
) -> AuditReport | None:
    """Return the newest report there is, after an audit if one was due.

    Of several processes one takes the turn; a turn that fails, or whose process dies, is lost, and
    the next one comes after the interval. Raises whatever keeps the auditor from its work.
    """
    if await reports.take_turn(command.now, command.now + command.interval):
        await reports.add(await auditor.audit())
    return await reports.last()
