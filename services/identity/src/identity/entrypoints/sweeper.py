"""Background work: forget what has expired, now and then."""

from __future__ import annotations

import asyncio
import contextlib

from chassis.logs import get_logger
from identity.app.sweep import SweepHandler

_INTERVAL_S = 600.0
_log = get_logger(__name__)


class Sweeper:
    """Sweeps every ten minutes, the first time after ten minutes: nothing waits for it."""

    def __init__(self, handler: SweepHandler) -> None:
        self._handler = handler

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep until told to stop."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_INTERVAL_S):
                    await stop.wait()
                return
            deleted = await self._handler.handle()
            _log.info("swept", deleted=deleted)
