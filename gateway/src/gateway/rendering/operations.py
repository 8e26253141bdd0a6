"""Audits."""

from __future__ import annotations

from gateway.rendering.values import Document, time
from soko.audit.v1 import report_pb2


def audit_report(value: report_pb2.Report) -> Document:
    """Return a report of an audit."""
    return {
        "ok": not value.findings,
        "started_at": time(value.started_at),
        "finished_at": time(value.finished_at),
        "checked": dict(sorted(value.checked.items())),
        "findings": [
            {
                "invariant": each.invariant,
                "severity": each.severity,
                "subject_id": each.subject_id,
                "explanation": each.explanation,
                "repair": each.repair,
            }
            for each in value.findings
        ],
    }
