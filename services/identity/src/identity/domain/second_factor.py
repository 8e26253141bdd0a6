"""Second factors: one-time codes of an app (TOTP, RFC 6238) and what stands in for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

STEP_S = 30
"""How long a code is shown (RFC 6238, 5.2 recommends 30 s)."""
TOLERATED_STEPS = 1
"""How many steps early or late a code may come, for clocks that differ and people who type."""
RECOVERY_CODES = 10
MAX_TRIES = 5
LOCK_OUT = timedelta(minutes=15)
"""How long nothing is tried after the last of ``MAX_TRIES`` wrong proofs."""
UNCONFIRMED_LIFE = timedelta(days=1)
"""How long a seed may wait for its first code."""
STEP_UP_LIFE = timedelta(minutes=5)
_SEPARATORS = re.compile(r"[\s-]")
_TOTP_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class TotpFactor:
    """An account's TOTP seed, sealed, and the newest step whose code was taken."""

    sealed_seed: bytes = field(repr=False)
    confirmed: bool
    last_step: int


def step_of(now: datetime) -> int:
    """Return the number of the time step that a moment is in (RFC 6238, 4.2)."""
    return int(now.timestamp()) // STEP_S


def plain_code(text: str) -> str:
    """Return a code as it is compared: people add spaces, hyphens and capitals."""
    return _SEPARATORS.sub("", text).lower()


def is_totp_code(plain: str) -> bool:
    """Tell a TOTP code from a recovery code."""
    return _TOTP_CODE.fullmatch(plain) is not None
