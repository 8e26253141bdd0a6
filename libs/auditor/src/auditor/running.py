"""Auditing the services at given addresses, and keeping the report."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.audit import Audit, AuditOptions, Progress
from auditor.findings import Report
from auditor.peers import AuditedService
from chassis.clock import Clock
from chassis.grpc_client import Peer
from chassis.tls import TlsFiles
from soko.audit.v1 import report_pb2 as pb
from soko.audit.v1 import report_pb2_grpc


async def run_audit(
    targets: Mapping[str, str],
    options: AuditOptions,
    clock: Clock,
    progress: Progress,
    tls: TlsFiles | None = None,
) -> Report:
    """Audit the services, each at its gRPC target; raises CouldNotAuditError."""
    services = {name: AuditedService(name, target, tls) for name, target in targets.items()}
    try:
        return await Audit(services, options, clock, progress).run()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
    finally:
        for service in services.values():
            await service.close()


async def record_report(target: str, report: Report) -> None:
    """Have notifications keep a report; raises ServiceError when it does not."""
    peer = Peer("notifications", target, service="auditor")
    message = pb.Report(
        checked=report.checked,
        findings=[pb.Finding(**finding.document()) for finding in report.findings],
    )
    message.started_at.FromDatetime(report.started_at)
    message.finished_at.FromDatetime(report.finished_at)
    try:
        stub = report_pb2_grpc.AuditReportServiceStub(peer.channel)
        await peer.call(stub.RecordReport, pb.RecordReportRequest(report=message), retry=True)
    finally:
        await peer.close()
