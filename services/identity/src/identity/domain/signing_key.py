"""Keys that sign access tokens: published before they sign, and until their last token expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from identity.domain.session import ACCESS_TOKEN_LIFE

TOKEN_SLACK = timedelta(seconds=60)
"""How far apart clocks may be."""
DEFAULT_LEAD = timedelta(minutes=10)
"""How long a key is published before it signs: twice as long as a copy of the keys may be kept."""
LEAST_LEAD = timedelta(seconds=10)
"""Verifiers that do not know a key ask for it, unless they asked less than 5 s ago; what they
were told then is a second old at most."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key; its private part is sealed, or stands in the settings of the process."""

    id: str
    """Thumbprint of the public key (RFC 7638)."""
    public: bytes
    """The public key: 32 bytes (RFC 8032)."""
    sealed_seed: bytes | None = field(repr=False)
    """None for the key of the settings."""
    created_at: datetime
    signs_from: datetime
    retires_at: datetime | None = None
    """From when no token of it is believed; None while no other key follows it."""

    def is_published(self, now: datetime) -> bool:
        """Whether tokens of it are believed, or will be."""
        return self.retires_at is None or self.retires_at > now

    def followed_at(self, moment: datetime) -> datetime:
        """Return when it retires if another key signs from a moment on."""
        over = moment + ACCESS_TOKEN_LIFE + TOKEN_SLACK
        return over if self.retires_at is None else min(self.retires_at, over)


def signer_of(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that signs now: of those that may, the one that began last."""
    possible = [key for key in keys if key.signs_from <= now and key.is_published(now)]
    return max(possible, key=lambda key: key.signs_from, default=None)


def next_of(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """Return the key that is published and does not sign yet."""
    coming = [key for key in keys if key.signs_from > now and key.is_published(now)]
    return min(coming, key=lambda key: key.signs_from, default=None)


def state_of(key: SigningKey, keys: Sequence[SigningKey], now: datetime) -> str:
    """Return where a key stands: published, signing, verifying or retired."""
    if not key.is_published(now):
        return "retired"
    if key.signs_from > now:
        return "published"
    return "signing" if signer_of(keys, now) == key else "verifying"
