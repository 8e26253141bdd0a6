"""Make a TOTP seed for the caller."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, NewSeed, SecondFactors, TotpSeeds
from identity.domain.errors import TotpAlreadySet


@dataclass(frozen=True, slots=True)
class StartTotpHandler:
    """Answers with a seed that does not count before it is confirmed."""

    accounts: Accounts
    factors: SecondFactors
    seeds: TotpSeeds
    clock: Clock

    async def handle(self, caller: Caller) -> NewSeed:
        """Return a new seed; an earlier one that was not confirmed is forgotten.

        Raises SessionEnded or TotpAlreadySet.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, caller, now)
        seed = self.seeds.new(account)
        if not await self.factors.start(account.id, seed.sealed, now):
            raise TotpAlreadySet
        return seed
