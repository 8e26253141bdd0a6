"""Give an account one more role, as the operator of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.ports import Accounts
from identity.domain.account import Account, email_key, granted_of
from identity.domain.errors import AccountNotFound


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Whoever can reach the database decides that an account may do more."""

    email: str
    role: str


@dataclass(frozen=True, slots=True)
class GrantRoleHandler:
    """Handles GrantRole. It asks for no caller: never offer it over the network."""

    accounts: Accounts
    clock: Clock

    async def handle(self, command: GrantRole) -> tuple[Account, bool]:
        """Return the account and whether the role is new to it.

        Raises ValidationFailed for an unknown role and AccountNotFound for an unknown address.
        """
        added = granted_of([command.role])
        account = await self.accounts.find_by_email(email_key(command.email))
        if account is None:
            raise AccountNotFound
        if added <= account.granted_roles:
            return account, False
        wanted = account.granted_roles | added
        changed = await self.accounts.replace_roles(account.id, wanted, self.clock.now())
        if changed is None:
            raise AccountNotFound
        return changed, True
