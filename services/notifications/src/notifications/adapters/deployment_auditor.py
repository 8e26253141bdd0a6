"""The auditor library, run in this process when an audit is due."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.clock import Clock
from chassis.tls import TlsFiles
from notifications.domain.audits import AuditFinding, AuditReport


class _Unseen:
    def steps(self, title: str, done: int, total: int) -> None:
        """Show nothing: nobody looks."""


class DeploymentAuditor:
    """Auditor over the services at the given gRPC targets."""

    def __init__(
        self, targets: Mapping[str, str], clock: Clock, tls: TlsFiles | None = None
    ) -> None:
        self._targets = targets
        self._clock = clock
        self._tls = tls

    async def audit(self) -> AuditReport:
        """Audit now; raises CouldNotAuditError when a service does not answer."""
        # Imported when it is used: most processes never audit, and idle memory is promised.
        from auditor.audit import AuditOptions
        from auditor.running import run_audit

        report = await run_audit(self._targets, AuditOptions(), self._clock, _Unseen(), self._tls)
        return AuditReport(
            started_at=report.started_at,
            finished_at=report.finished_at,
            checked=dict(report.checked),
            findings=tuple(AuditFinding(**each.document()) for each in report.findings),
        )
