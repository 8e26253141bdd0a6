"""Replace the roles of an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts
from identity.domain.account import Account, granted_of
from identity.domain.errors import AccountNotFound, RoleRequired


@dataclass(frozen=True, slots=True)
class SetRoles:
    """An admin decides what an account may do."""

    caller: Caller
    account_id: UUID
    roles: Sequence[str]


@dataclass(frozen=True, slots=True)
class SetRolesHandler:
    """Handles SetRoles."""

    accounts: Accounts
    clock: Clock

    async def handle(self, command: SetRoles) -> Account:
        """Return the changed account.

        The caller must be an admin now, whatever its token says. Raises SessionEnded,
        RoleRequired, ValidationFailed, AccountNotFound, or LastAdmin when none would be left.
        """
        now = self.clock.now()
        caller = await require_live(self.accounts, command.caller, now)
        if not caller.is_admin:
            raise RoleRequired
        granted = granted_of(command.roles)
        changed = await self.accounts.replace_roles(command.account_id, granted, now)
        if changed is None:
            raise AccountNotFound
        return changed
