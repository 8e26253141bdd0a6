"""Verify an address with a mailed link."""

from __future__ import annotations

from dataclasses import dataclass, field

from chassis.clock import Clock
from identity.app.link_ports import MailedLinks
from identity.app.opaque_token import hash_of
from identity.domain.errors import LinkInvalid


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Whoever reads the account's mail says that it arrived."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifyEmailHandler:
    """Handles VerifyEmail."""

    links: MailedLinks
    clock: Clock

    async def handle(self, command: VerifyEmail) -> None:
        """Use the link up; raises LinkInvalid."""
        if not await self.links.verify_email(hash_of(command.token), self.clock.now()):
            raise LinkInvalid
