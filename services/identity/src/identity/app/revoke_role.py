"""Take a role from an account, as the operator of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.ports import Accounts
from identity.domain.account import Account, email_key, granted_of
from identity.domain.errors import AccountNotFound


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Whoever can reach the database decides that an account may do less."""

    email: str
    role: str


@dataclass(frozen=True, slots=True)
class RevokeRoleHandler:
    """Handles RevokeRole. It asks for no caller: never offer it over the network."""

    accounts: Accounts
    clock: Clock

    async def handle(self, command: RevokeRole) -> tuple[Account, bool]:
        """Return the account and whether it had the role.

        Raises ValidationFailed for an unknown role, AccountNotFound for an unknown address, and
        LastAdmin when no admin would be left.
        """
        taken = granted_of([command.role])
        account = await self.accounts.find_by_email(email_key(command.email))
        if account is None:
            raise AccountNotFound
        if not taken & account.granted_roles:
            return account, False
        left = account.granted_roles - taken
        changed = await self.accounts.replace_roles(account.id, left, self.clock.now())
        if changed is None:
            raise AccountNotFound
        return changed, True
