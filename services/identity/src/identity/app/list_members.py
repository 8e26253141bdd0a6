"""List who works for a seller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.find_seller import SellerName, require_seller
from identity.app.ports import Accounts, Sellers
from identity.domain.errors import SellerNotFound
from identity.domain.seller import Member


@dataclass(frozen=True, slots=True)
class ListMembersHandler:
    """Answers members only."""

    accounts: Accounts
    sellers: Sellers
    clock: Clock

    async def handle(self, caller: Caller, name: SellerName) -> Sequence[Member]:
        """Return every member, the mightiest first.

        Raises SessionEnded, or SellerNotFound for those who do not work there.
        """
        await require_live(self.accounts, caller, self.clock.now())
        seller = await require_seller(self.sellers, name)
        members = await self.sellers.members(seller.id)
        if caller.account_id not in {member.account_id for member in members}:
            raise SellerNotFound
        return members
