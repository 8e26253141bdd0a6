"""Read the caller's account."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts
from identity.domain.account import Account


@dataclass(frozen=True, slots=True)
class GetMeHandler:
    """Answers who the caller is."""

    accounts: Accounts
    clock: Clock

    async def handle(self, caller: Caller) -> Account:
        """Return the account; raises SessionEnded."""
        return await require_live(self.accounts, caller, self.clock.now())
