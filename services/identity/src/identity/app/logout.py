"""End the caller's session."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller
from identity.app.ports import Sessions
from identity.domain.errors import SessionEnded


@dataclass(frozen=True, slots=True)
class LogOut:
    """The caller leaves."""

    caller: Caller


@dataclass(frozen=True, slots=True)
class LogOutHandler:
    """Handles LogOut."""

    sessions: Sessions
    clock: Clock

    async def handle(self, command: LogOut) -> None:
        """End the session; raises SessionEnded when it was over already."""
        caller = command.caller
        if not await self.sessions.revoke(caller.account_id, caller.session_id, self.clock.now()):
            raise SessionEnded
