"""Background work: ending holds whose time is over, and telling of stock that changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from catalog.app.ports import Inventory
from chassis.clock import Clock
from chassis.periodic import pause

_EXPIRE_EVERY_S = 5.0
_EXPIRE_MOST = 100
_TELL_EVERY_S = 1.0
_LOOK_EVERY_S = 1.0
_LOOK_AGAIN_S = 0.2


class HoldExpiry:
    """Ends holds whose time is over. Orders ends its own earlier: this catches what it lost."""

    def __init__(self, inventory: Inventory, clock: Clock, changed: Callable[[], None]) -> None:
        self._inventory = inventory
        self._clock = clock
        self._changed = changed

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until ``stop`` is set."""
        while not stop.is_set():
            while await self.end_due() >= _EXPIRE_MOST and not stop.is_set():
                pass
            await pause(stop, _EXPIRE_EVERY_S)

    async def end_due(self) -> int:
        """End one batch of holds; return how many."""
        ended = await self._inventory.expire(self._clock.now(), _EXPIRE_MOST)
        if ended:
            self._changed()
        return ended


class StockAnnouncer:
    """Tells what can be reserved of a variant, at most once a second, and keeps lists right.

    It stands beside the moves of stock, so that these write neither to lists nor an event per
    variant: a hot item's buyers would wait for each other there.
    """

    def __init__(self, inventory: Inventory, told: Callable[[], None]) -> None:
        self._inventory = inventory
        self._told = told
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Say that stock moved."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until ``stop`` is set."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()
            told = await self._inventory.announce(_TELL_EVERY_S)
            if told:
                self._told()
            await pause(stop, _LOOK_AGAIN_S if told is None else _TELL_EVERY_S)
