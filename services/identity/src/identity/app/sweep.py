"""Forget sessions, refresh tokens, tickets and API keys that are of no more use."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from identity.app.ports import ApiKeys, Sessions

_BATCH = 1000
_MAX_BATCHES = 100


@dataclass(frozen=True, slots=True)
class SweepHandler:
    """Deletes in small batches, so that nobody waits for it."""

    sessions: Sessions
    keys: ApiKeys
    clock: Clock

    async def handle(self) -> int:
        """Return how many rows were deleted."""
        total = 0
        for _ in range(_MAX_BATCHES):
            now = self.clock.now()
            deleted = await self.sessions.sweep(now, _BATCH) + await self.keys.sweep(now, _BATCH)
            total += deleted
            if not deleted:
                break
        return total
