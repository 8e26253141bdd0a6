"""End one of the caller's sessions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, Sessions
from identity.domain.errors import SessionNotFound


@dataclass(frozen=True, slots=True)
class RevokeSession:
    """The caller does not want a session to go on, which may be the one it calls from."""

    caller: Caller
    session_id: UUID


@dataclass(frozen=True, slots=True)
class RevokeSessionHandler:
    """Handles RevokeSession."""

    accounts: Accounts
    sessions: Sessions
    clock: Clock

    async def handle(self, command: RevokeSession) -> None:
        """End the session.

        Raises SessionEnded, or SessionNotFound for one that is over or another account's.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, command.caller, now)
        if not await self.sessions.revoke(account.id, command.session_id, now, "revoked"):
            raise SessionNotFound
