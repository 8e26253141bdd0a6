"""AuditReportService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

from datetime import UTC
from typing import Any

import grpc

from chassis.context import current_actor
from chassis.errors import not_found
from notifications.app.ports import AuditReports
from notifications.domain.audits import AuditFinding, AuditReport
from soko.audit.v1 import report_pb2 as pb
from soko.audit.v1 import report_pb2_grpc as rpc

_Context = grpc.aio.ServicerContext[Any, Any]


class AuditReportServicer(rpc.AuditReportServiceServicer):
    """Keeps reports and tells the newest."""

    def __init__(self, reports: AuditReports) -> None:
        self._reports = reports

    async def RecordReport(
        self, request: pb.RecordReportRequest, context: _Context
    ) -> pb.RecordReportResponse:
        """Keep a report."""
        current_actor().require_service()
        await self._reports.add(_read(request.report))
        return pb.RecordReportResponse()

    async def GetLastReport(
        self, request: pb.GetLastReportRequest, context: _Context
    ) -> pb.GetLastReportResponse:
        """Return the newest report."""
        current_actor().require_staff()
        report = await self._reports.last()
        if report is None:
            raise not_found()
        return pb.GetLastReportResponse(report=_write(report))


def _read(report: pb.Report) -> AuditReport:
    return AuditReport(
        started_at=report.started_at.ToDatetime(UTC),
        finished_at=report.finished_at.ToDatetime(UTC),
        checked=dict(report.checked),
        findings=tuple(
            AuditFinding(
                each.invariant, each.severity, each.subject_id, each.explanation, each.repair
            )
            for each in report.findings
        ),
    )


def _write(report: AuditReport) -> pb.Report:
    message = pb.Report(
        checked=report.checked,
        findings=[
            pb.Finding(
                invariant=each.invariant,
                severity=each.severity,
                subject_id=each.subject_id,
                explanation=each.explanation,
                repair=each.repair,
            )
            for each in report.findings
        ],
    )
    message.started_at.FromDatetime(report.started_at)
    message.finished_at.FromDatetime(report.finished_at)
    return message
