"""Ask for a link that resets a password."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.link_ports import MailedLinks
from identity.domain.account import MAX_EMAIL, email_key
from identity.domain.mailed_link import NewLink


@dataclass(frozen=True, slots=True)
class RequestPasswordReset:
    """Somebody claims to have an account with this address, and to have forgotten its password."""

    email: str


@dataclass(frozen=True, slots=True)
class RequestPasswordResetHandler:
    """Handles RequestPasswordReset."""

    links: MailedLinks
    clock: Clock

    async def handle(self, command: RequestPasswordReset) -> None:
        """Take the request in; who it is about, if anybody, is found out when the mail is made.

        That keeps the answer and the time that it takes from telling which addresses are known.
        """
        key = email_key(command.email[: 2 * MAX_EMAIL])
        # PostgreSQL takes no NUL in a text, and no registered address has one.
        await self.links.ask_reset(NewLink(new_id(), self.clock.now()), key.replace("\0", ""))
