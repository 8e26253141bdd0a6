"""Use a WebSocket ticket up."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.opaque_token import hash_of
from identity.app.ports import OpenSession, Sessions
from identity.domain.errors import TicketInvalid


@dataclass(frozen=True, slots=True)
class RedeemWsTicket:
    """Somebody opens a WebSocket with a ticket."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RedeemWsTicketHandler:
    """Handles RedeemWsTicket."""

    sessions: Sessions
    clock: Clock

    async def handle(self, command: RedeemWsTicket) -> OpenSession:
        """Return whom the ticket stands for; raises TicketInvalid, at the second use too."""
        found = await self.sessions.use_ticket(hash_of(command.ticket), self.clock.now())
        if found is None:
            raise TicketInvalid
        return found
