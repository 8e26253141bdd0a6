"""Ask anew for the link that verifies the caller's address."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.ids import new_id
from identity.app.caller import Caller, require_live
from identity.app.link_ports import MailedLinks
from identity.app.ports import Accounts
from identity.domain.errors import EmailAlreadyVerified
from identity.domain.mailed_link import NewLink


@dataclass(frozen=True, slots=True)
class RequestEmailVerification:
    """The caller did not get the mail, or too late."""

    caller: Caller


@dataclass(frozen=True, slots=True)
class RequestEmailVerificationHandler:
    """Handles RequestEmailVerification."""

    accounts: Accounts
    links: MailedLinks
    clock: Clock

    async def handle(self, command: RequestEmailVerification) -> None:
        """Take the request in; raises SessionEnded or EmailAlreadyVerified."""
        now = self.clock.now()
        account = await require_live(self.accounts, command.caller, now)
        if account.email_verified:
            raise EmailAlreadyVerified
        await self.links.ask_verification(NewLink(new_id(), now), account.id)
