"""What an audit finds, and how it tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Promise:
    """An invariant: what holds, and what to do where it does not."""

    name: str
    text: str
    repair: str
    severity: str = "critical"
    """critical: money, stock or an order is wrong. warning: something is late."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a promise does not hold. ``key`` is what it is looked at again by."""

    promise: Promise
    subject_id: str
    explanation: str
    key: str = ""

    def document(self) -> dict[str, str]:
        """Return it as the report's JSON has it."""
        return {
            "invariant": self.promise.name,
            "severity": self.promise.severity,
            "subject_id": self.subject_id,
            "explanation": self.explanation,
            "repair": self.promise.repair,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The end of an audit."""

    started_at: datetime
    finished_at: datetime
    promises: Mapping[str, Promise]
    checked: Mapping[str, int]
    findings: Sequence[Finding]

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings

    def found(self) -> Counter[str]:
        """Return how many findings each invariant has."""
        return Counter(finding.promise.name for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """Return it as ``soko audit --json`` and ``/v1/ops/audit`` give it."""
        return {
            "ok": self.ok,
            "started_at": _time(self.started_at),
            "finished_at": _time(self.finished_at),
            "checked": dict(sorted(self.checked.items())),
            "findings": [finding.document() for finding in self.findings],
        }


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
