"""What an audit of the whole deployment found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """A place where an invariant does not hold."""

    invariant: str
    severity: str
    subject_id: str
    explanation: str
    repair: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """One audit, from its beginning to its end."""

    started_at: datetime
    finished_at: datetime
    checked: Mapping[str, int]
    """How many rows were looked at, per invariant."""
    findings: tuple[AuditFinding, ...]

    @property
    def took(self) -> timedelta:
        """How long it took."""
        return self.finished_at - self.started_at

    def found(self) -> Mapping[str, int]:
        """Return how many findings each invariant has, none included."""
        counts = Counter(finding.invariant for finding in self.findings)
        return {name: counts[name] for name in {*self.checked, *counts}}
