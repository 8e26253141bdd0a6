"""Health, audits, and what operators see of the services."""

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


class ServiceState(Document):
    """A service as its operators see it."""

    name: str
    status: str = Field(
        description="ready, degraded (something that it needs is away), unavailable"
    )
    version: str | None = Field(description="Null when it did not answer")
    detail: str = Field(description="What is wrong; empty when nothing is")


class ServiceStateList(Document):
    """The gateway and every service behind it."""

    items: list[ServiceState]
    next_cursor: str | None


class EventConsumer(Document):
    """A service's consumer of a stream of events."""

    name: str = Field(description="The service")
    stream: str
    lag: int = Field(description="Events that are not handled yet")
    redelivered: int = Field(description="Events among them that were delivered more than once")


class EventConsumerList(Document):
    """Consumers, by name and stream."""

    items: list[EventConsumer]
    next_cursor: str | None
    unavailable: list[str] = Field(description="Services that could not be asked")


class DeadLetter(Document):
    """An event that a service gave up."""

    id: str
    event_id: str
    type: str = Field(examples=["soko.orders.order_confirmed.v1"])
    consumer: str = Field(description="The service")
    error: str
    attempts: int
    at: datetime = Field(description="When it was given up, or failed again since")
    redriven_at: datetime | None = Field(description="When it was handled after all")


class DeadLetterList(Document):
    """Dead letters, newest first."""

    items: list[DeadLetter]
    next_cursor: str | None
    unavailable: list[str] = Field(description="Services that could not be asked")
