"""Renew a session's tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.opaque_token import hash_of, new_token
from identity.app.ports import AccessTokens, Sessions, Tokens
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.errors import InvalidRefreshToken, RefreshTokenReused


@dataclass(frozen=True, slots=True)
class Refresh:
    """A client presents the newest refresh token of its session."""

    refresh_token: str = field(repr=False)
    device: Device = UNKNOWN_DEVICE


@dataclass(frozen=True, slots=True)
class RefreshHandler:
    """Handles Refresh by rotation (RFC 9700, 4.14.2)."""

    sessions: Sessions
    tokens: AccessTokens
    clock: Clock

    async def handle(self, command: Refresh) -> Tokens:
        """Return new tokens; the presented one is used up.

        Raises InvalidRefreshToken, or RefreshTokenReused after it ended the session: whoever comes
        second with a token is either a thief or was robbed. That includes a client that refreshes
        twice at once, because the two cannot be told apart.
        """
        presented, successor, now = hash_of(command.refresh_token), new_token(), self.clock.now()
        opened = await self.sessions.rotate(presented, successor.hash, now, command.device)
        if opened is None:
            if await self.sessions.revoke_if_reused(presented, now):
                raise RefreshTokenReused
            raise InvalidRefreshToken
        return Tokens(
            await self.tokens.sign(opened.account, opened.session_id, now),
            successor.text,
        )
