"""Tell a service how to reach an account at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from identity.app.ports import Accounts
from identity.domain.account import Account
from identity.domain.errors import AccountNotFound


@dataclass(frozen=True, slots=True)
class GetContactHandler:
    """Answers services only: the entrypoint sees to it."""

    accounts: Accounts

    async def handle(self, account_id: UUID) -> Account:
        """Return the account; raises AccountNotFound."""
        account = await self.accounts.find(account_id)
        if account is None:
            raise AccountNotFound
        return account
