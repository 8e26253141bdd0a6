"""Sessions: families of refresh tokens, each of which is good for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from identity.domain.device import UNKNOWN_DEVICE, Device

ACCESS_TOKEN_LIFE = timedelta(seconds=600)
REFRESH_TOKEN_LIFE = timedelta(days=30)
"""A session ends when it was not used for so long."""
SESSION_LIFE = timedelta(days=180)
"""A session ends after this however often it is used."""
TICKET_LIFE = timedelta(seconds=60)
MAX_OPEN_TICKETS = 50
"""How many tickets of one session wait to be used."""
MAX_LISTED_REVOCATIONS = 100_000
REVOKED_WINDOW = timedelta(minutes=15)
"""Longer than an access token lives: revocations older than this no longer matter to anybody."""
KEPT_AFTER_END = timedelta(days=30)
"""How long an ended session stays readable before it is swept away."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to open, with the hash of its first refresh token."""

    id: UUID
    account_id: UUID
    token_hash: bytes
    opened_at: datetime
    device: Device = UNKNOWN_DEVICE

    @property
    def expires_at(self) -> datetime:
        """When it ends at the latest."""
        return self.opened_at + SESSION_LIFE

    @property
    def token_expires_at(self) -> datetime:
        """When its first refresh token is too old."""
        return self.opened_at + REFRESH_TOKEN_LIFE


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that opens one WebSocket."""

    token_hash: bytes
    account_id: UUID
    session_id: UUID
    created_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When it is too old."""
        return self.created_at + TICKET_LIFE
