"""Background work: forget what has expired, now and then."""

from __future__ import annotations

import asyncio

from chassis.logs import get_logger
from chassis.periodic import pause
from identity.app.sweep import SweepHandler

_INTERVAL_S = 600.0
_log = get_logger(__name__)


class Sweeper:
    """Sweeps every ten minutes, the first time after ten minutes: nothing waits for it."""

    def __init__(self, handler: SweepHandler) -> None:
        self._handler = handler

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until told to stop."""
        while not await pause(stop, _INTERVAL_S):
            deleted = await self._handler.handle()
            _log.info("swept", deleted=deleted)
