"""API keys: what a program may do in the name of an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from identity.domain.errors import ValidationFailed
from identity.domain.text import line_violations

SCOPES = (
    "catalog:read",
    "catalog:write",
    "orders:read",
    "orders:write",
    "payments:read",
    "payments:write",
)
"""What a key may be allowed. None of them reaches identity: keys change no credentials."""
SECRET_PREFIX = "soko_"  # noqa: S105 - what every secret begins with, for scanners and people
SHOWN_CHARACTERS = len(SECRET_PREFIX) + 6
"""How much of a secret is kept readable; 220 of its 256 bits stay unknown."""
MAX_KEYS = 20
"""How many keys of one account are not revoked."""
MAX_NAME = 80
MAX_LIFE_DAYS = 366


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without its secret."""

    id: UUID
    account_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None


def require_acceptable(name: str, scopes: Sequence[str], life_days: int) -> None:
    """Raise ValidationFailed unless a key with these properties may be made."""
    violations = line_violations("/name", name, longest=MAX_NAME)
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        violations.append(("/scopes", f"There is no scope {unknown[0][:40]!r}."))
    elif not scopes:
        violations.append(("/scopes", "Name at least one scope."))
    if not 1 <= life_days <= MAX_LIFE_DAYS:
        violations.append(("/expires_in_days", f"It must be 1 to {MAX_LIFE_DAYS} days."))
    if violations:
        raise ValidationFailed(violations)


def expiry(created_at: datetime, life_days: int) -> datetime:
    """Return when a key stops working."""
    return created_at + timedelta(days=life_days)
