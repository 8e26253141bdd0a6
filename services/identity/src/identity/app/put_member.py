"""Add a member to a seller, or change its role."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.find_seller import SellerName, require_seller
from identity.app.ports import Accounts, Sellers
from identity.domain.account import email_key, email_violations
from identity.domain.errors import (
    RoleRequired,
    SellerNotFound,
    UnknownAccount,
    ValidationFailed,
)
from identity.domain.seller import OWNER, Member


@dataclass(frozen=True, slots=True)
class PutMember:
    """An owner names somebody by e-mail address."""

    caller: Caller
    seller: SellerName
    email: str
    role: str


@dataclass(frozen=True, slots=True)
class PutMemberHandler:
    """Handles PutMember."""

    accounts: Accounts
    sellers: Sellers
    clock: Clock

    async def handle(self, command: PutMember) -> Member:
        """Return the member as it now stands.

        Raises SessionEnded, SellerNotFound, RoleRequired, ValidationFailed, UnknownAccount,
        TooManyMembers, or LastOwner when the only owner would be demoted.
        """
        await require_live(self.accounts, command.caller, self.clock.now())
        seller = await require_seller(self.sellers, command.seller)
        by = command.caller.account_id
        # Asked before the address is looked up: only owners may learn which addresses are known.
        role = await self.sellers.role_of(seller.id, by)
        if role is None:
            raise SellerNotFound
        if role != OWNER:
            raise RoleRequired
        violations = email_violations(command.email.strip())
        if violations:
            raise ValidationFailed(violations)
        account = await self.accounts.find_by_email(email_key(command.email))
        if account is None:
            raise UnknownAccount
        async with self.sellers.roster(seller.id) as roster:
            roster.put(by, account.id, command.role)
        return Member(account.id, account.email, account.name, command.role)
