"""Forgetting keys and carts whose time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.app.ports import Leftovers

KEEP_KEYS = timedelta(hours=24)
KEEP_GUEST_CARTS = timedelta(days=90)
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Sweep:
    """Forget what is too old at ``now``."""

    now: datetime


class SweepHandler:
    """Deletes in bounded statements until nothing is left to delete."""

    def __init__(self, leftovers: Leftovers) -> None:
        self._leftovers = leftovers

    async def __call__(self, command: Sweep) -> None:
        """Delete; raises ServiceError if the database is away."""
        keys_before = command.now - KEEP_KEYS
        while await self._leftovers.forget_keys(keys_before, _AT_ONCE) >= _AT_ONCE:
            pass
        carts_before = command.now - KEEP_GUEST_CARTS
        while await self._leftovers.forget_guest_carts(carts_before, _AT_ONCE) >= _AT_ONCE:
            pass
