"""Health and audits."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from gateway.documents.values import Document


class Check(Document):
    """The state of one thing that the gateway needs."""

    ok: bool
    detail: str | None = None


class Readiness(Document):
    """Whether the gateway serves."""

    status: str = Field(description="ready, degraded, starting, draining")
    checks: dict[str, Check]


class AuditFinding(Document):
    """A place where an invariant does not hold."""

    invariant: str
    severity: str = Field(description="critical: money, stock or an order is wrong; warning: late")
    subject_id: str = Field(description="What it is about; empty where some were only counted")
    explanation: str
    repair: str = Field(description="What to do")


class AuditReport(Document):
    """What an audit found."""

    ok: bool
    started_at: datetime
    finished_at: datetime
    checked: dict[str, int] = Field(description="Rows looked at, per invariant")
    findings: list[AuditFinding]
