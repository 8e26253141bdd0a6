"""End somebody's membership of a seller."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.find_seller import SellerName, require_seller
from identity.app.ports import Accounts, Sellers


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """An owner parts with somebody."""

    caller: Caller
    seller: SellerName
    account_id: UUID


@dataclass(frozen=True, slots=True)
class RemoveMemberHandler:
    """Handles RemoveMember."""

    accounts: Accounts
    sellers: Sellers
    clock: Clock

    async def handle(self, command: RemoveMember) -> None:
        """End the membership.

        Raises SessionEnded, SellerNotFound, RoleRequired, MemberNotFound or LastOwner.
        """
        await require_live(self.accounts, command.caller, self.clock.now())
        seller = await require_seller(self.sellers, command.seller)
        async with self.sellers.roster(seller.id) as roster:
            roster.remove(command.caller.account_id, command.account_id)
