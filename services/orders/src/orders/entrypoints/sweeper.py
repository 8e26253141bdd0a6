"""Deletes what nobody asks for any more: checkout keys after a day, abandoned carts later."""

from __future__ import annotations

import asyncio

from chassis.clock import Clock
from chassis.errors import ServiceError
from chassis.logs import get_logger
from chassis.periodic import pause
from orders.app.sweep import Sweep, SweepHandler

_EVERY_S = 600.0
_log = get_logger(__name__)


class Sweeper:
    """Sweeps at the start and every ten minutes."""

    def __init__(self, sweep: SweepHandler, clock: Clock) -> None:
        self._sweep = sweep
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                await self._sweep(Sweep(self._clock.now()))
            except ServiceError as error:
                _log.warning("sweep_waits", error=str(error))
            await pause(stop, _EVERY_S)
