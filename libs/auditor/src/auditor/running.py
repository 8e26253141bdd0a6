"""Auditing the services at given addresses."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.audit import Audit, AuditOptions, Progress
from auditor.findings import Report
from auditor.peers import AuditedService
from chassis.clock import Clock


async def run_audit(
    targets: Mapping[str, str], options: AuditOptions, clock: Clock, progress: Progress
) -> Report:
    """Audit the services, each at its gRPC target; raises CouldNotAuditError."""
    services = {name: AuditedService(name, target) for name, target in targets.items()}
    try:
        return await Audit(services, options, clock, progress).run()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    finally:
        for service in services.values():
            await service.close()
