"""Health."""

from __future__ import annotations

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
