"""Change a seller's name or time zone."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.find_seller import SellerName, require_seller
from identity.app.ports import Accounts, Sellers
from identity.app.regions import timezone_violations
from identity.domain.errors import RoleRequired, SellerNotFound, ValidationFailed
from identity.domain.seller import MANAGER, OWNER, Seller, name_violations


@dataclass(frozen=True, slots=True)
class UpdateSeller:
    """What is None stays as it is; the slug stays in any case, because links hold it."""

    caller: Caller
    seller: SellerName
    name: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateSellerHandler:
    """Handles UpdateSeller."""

    accounts: Accounts
    sellers: Sellers
    clock: Clock

    async def handle(self, command: UpdateSeller) -> Seller:
        """Return the changed seller.

        Raises SessionEnded, SellerNotFound for those who do not work there, RoleRequired for
        members who are neither owner nor manager, and ValidationFailed.
        """
        now = self.clock.now()
        await require_live(self.accounts, command.caller, now)
        seller = await require_seller(self.sellers, command.seller)
        role = await self.sellers.role_of(seller.id, command.caller.account_id)
        if role is None:
            raise SellerNotFound
        if role not in {OWNER, MANAGER}:
            raise RoleRequired
        name, timezone = command.name, command.timezone
        violations = [
            *(name_violations(name) if name is not None else []),
            *(timezone_violations(timezone) if timezone is not None else []),
        ]
        if violations:
            raise ValidationFailed(violations)
        changed = await self.sellers.change(
            seller.id, name.strip() if name is not None else None, timezone, now
        )
        if changed is None:
            raise SellerNotFound
        return changed
