"""Links that are mailed to an account's address: whoever follows one reads the account's mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose, no password
EMAIL_VERIFICATION = "email_verification"

TOKEN_LIFE: Final[Mapping[str, timedelta]] = {
    PASSWORD_RESET: timedelta(minutes=30),
    EMAIL_VERIFICATION: timedelta(hours=24),
}
"""How long a token works, from the moment at which its mail is made."""
MAILED_WITHIN = timedelta(hours=24)
"""How long after a request its mail may still leave, for mail servers that are away."""
MAX_MAILED = 3
"""How many links of one purpose are mailed to an account in MAILED_PER."""
MAILED_PER = timedelta(hours=1)
KEPT_FOR = MAILED_WITHIN + max(TOKEN_LIFE.values())
"""How long a request is of any use."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was asked for; it has no token before its mail is made."""

    id: UUID
    requested_at: datetime
