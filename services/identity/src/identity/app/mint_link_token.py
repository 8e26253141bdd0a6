"""Make the token of a link whose mail is about to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.link_ports import MailedLinks, MintedLink
from identity.app.opaque_token import OpaqueToken, new_token
from identity.domain.errors import LinkNotWanted


@dataclass(frozen=True, slots=True)
class MintLinkTokenHandler:
    """Answers services only: the entrypoint sees to it."""

    links: MailedLinks
    clock: Clock

    async def handle(self, link_id: UUID) -> tuple[OpaqueToken, MintedLink]:
        """Return a token and whom to mail it to.

        Each call makes another one, and all tokens of a link work until one of them is used: a mail
        that is sent again may have arrived before. Raises LinkNotWanted.
        """
        token = new_token()
        minted = await self.links.mint(link_id, token.hash, self.clock.now())
        if minted is None:
            raise LinkNotWanted
        return token, minted
