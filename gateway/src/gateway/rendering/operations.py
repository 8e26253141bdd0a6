"""Audits, and what operators see of the services."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.rendering.values import Document, time
from soko.audit.v1 import report_pb2
from soko.ops.v1 import ops_pb2


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


def service(name: str, version: str, away: Sequence[str]) -> Document:
    """Return a service that answered, and what it cannot reach."""
    return {
        "name": name,
        "status": "degraded" if away else "ready",
        "version": version,
        "detail": f"without {' and '.join(away)}" if away else "",
    }


def absent_service(name: str, reason: str) -> Document:
    """Return a service that did not answer."""
    return {"name": name, "status": "unavailable", "version": None, "detail": reason}


def consumer(value: ops_pb2.Consumer) -> Document:
    """Return a consumer and how far it is behind."""
    return {
        "name": value.name,
        "stream": value.stream,
        "lag": value.lag,
        "redelivered": value.redelivered,
    }


def dead_letter(value: ops_pb2.DeadLetter) -> Document:
    """Return an event that was given up."""
    return {
        "id": value.id,
        "event_id": value.event_id,
        "type": value.type,
        "consumer": value.consumer,
        "error": value.error,
        "attempts": value.attempts,
        "at": time(value.at),
        "redriven_at": time(value.redriven_at) if value.HasField("redriven_at") else None,
    }
