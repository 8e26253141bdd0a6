"""Seal TOTP seeds with the newest key, so that an older one can be taken away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from identity.app.ports import SecondFactors, TotpSeeds


@dataclass(frozen=True, slots=True)
class ResealSeeds:
    """Work for the sweeper; a seed that changes meanwhile is left to whoever changes it."""

    factors: SecondFactors
    seeds: TotpSeeds

    async def sweep(self, now: datetime, limit: int) -> int:
        """Seal at most ``limit`` seeds anew; return how many."""
        done = 0
        for account_id, sealed in await self.factors.sealed_with(self.seeds.old_key_ids, limit):
            anew = self.seeds.reseal(account_id, sealed)
            done += await self.factors.replace_seal(account_id, sealed, anew)
        return done
