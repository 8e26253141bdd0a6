"""Auditing on a schedule, and what the last audit said as figures."""

from __future__ import annotations

import math
from datetime import timedelta

from prometheus_client import Gauge

from chassis.clock import Clock
from notifications.app.ports import Auditor, AuditReports
from notifications.app.run_audit import RunDueAudit, run_due_audit
from notifications.domain.audits import AuditReport

AUDIT_FINDINGS = Gauge(
    "soko_audit_findings", "Findings of the last audit per invariant.", ("invariant",)
)
AUDIT_AGE_SECONDS = Gauge("soko_audit_age_seconds", "How long ago the last audit ended.")
AUDIT_AGE_SECONDS.set(math.nan)
AUDIT_DURATION_SECONDS = Gauge("soko_audit_duration_seconds", "How long the last audit took.")


class AuditJob:
    """Looks whether an audit is due; any number of processes may look."""

    def __init__(
        self, reports: AuditReports, auditor: Auditor, interval: timedelta, clock: Clock
    ) -> None:
        self._reports = reports
        self._auditor = auditor
        self._interval = interval
        self._clock = clock

    async def look(self) -> None:
        """Audit if it is time; raises whatever keeps the auditor from its work."""
        command = RunDueAudit(self._clock.now(), self._interval)
        report = await run_due_audit(command, self._reports, self._auditor)
        if report is not None:
            self._tell(report)

    def _tell(self, report: AuditReport) -> None:
        # Reports come from any replica: what an older one found is not to stand beside this one.
        AUDIT_FINDINGS.clear()
        for invariant, count in report.found().items():
            AUDIT_FINDINGS.labels(invariant).set(count)
        AUDIT_DURATION_SECONDS.set(report.took.total_seconds())
        finished_at = report.finished_at
        AUDIT_AGE_SECONDS.set_function(lambda: (self._clock.now() - finished_at).total_seconds())
