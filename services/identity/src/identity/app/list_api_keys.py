"""List the caller's API keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, ApiKeys
from identity.domain.api_key import ApiKey


@dataclass(frozen=True, slots=True)
class ListApiKeysHandler:
    """Answers the keys' owner."""

    accounts: Accounts
    keys: ApiKeys
    clock: Clock

    async def handle(self, caller: Caller) -> Sequence[ApiKey]:
        """Return the keys that are not revoked, the newest first; raises SessionEnded."""
        await require_live(self.accounts, caller, self.clock.now())
        return await self.keys.of_account(caller.account_id)
