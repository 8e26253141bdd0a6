"""Make a ticket that opens one WebSocket as the caller."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller
from identity.app.opaque_token import new_token
from identity.app.ports import Sessions
from identity.domain.errors import SessionEnded
from identity.domain.session import NewTicket


@dataclass(frozen=True, slots=True)
class CreateWsTicket:
    """The caller is about to open a WebSocket."""

    caller: Caller


@dataclass(frozen=True, slots=True)
class CreateWsTicketHandler:
    """Handles CreateWsTicket."""

    sessions: Sessions
    clock: Clock

    async def handle(self, command: CreateWsTicket) -> str:
        """Return the ticket, good for 60 seconds and one use; raises SessionEnded."""
        ticket, caller = new_token(), command.caller
        stored = await self.sessions.add_ticket(
            NewTicket(ticket.hash, caller.account_id, caller.session_id, self.clock.now())
        )
        if not stored:
            raise SessionEnded
        return ticket.text
