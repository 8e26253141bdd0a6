"""Forget what is of no more use, such as expired sessions, tokens and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.clock import Clock

_BATCH = 1000
_MAX_BATCHES = 100


class Swept(Protocol):
    """A store in which things expire."""

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` of each kind of things; return how many."""


@dataclass(frozen=True, slots=True)
class SweepHandler:
    """Deletes in small batches, so that nobody waits for it."""

    stores: Sequence[Swept]
    clock: Clock

    async def handle(self) -> int:
        """Return how many rows were deleted."""
        total = 0
        for _ in range(_MAX_BATCHES):
            now = self.clock.now()
            deleted = sum([await store.sweep(now, _BATCH) for store in self.stores])
            total += deleted
            if not deleted:
                break
        return total
