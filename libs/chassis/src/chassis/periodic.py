"""Background work that is done every so often."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from chassis.errors import ServiceError
from chassis.logs import get_logger

FIGURES_EVERY_S = 15.0
"""How often what has to be looked for is told anew, as often as Prometheus asks by our settings."""
_log = get_logger(__name__)


class Periodic:
    """Runs a piece of work at the start and then at an interval."""

    def __init__(self, name: str, every_s: float, work: Callable[[], Awaitable[object]]) -> None:
        self._name = name
        self._every_s = every_s
        self._work = work

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; a failure is logged and the next turn tries again."""
        while not stop.is_set():
            try:
                await self._work()
            except ServiceError as error:
                _log.info("job_waits", job=self._name, error=str(error))
            except Exception:
                _log.exception("job_failed", job=self._name)
            await pause(stop, self._every_s)


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait, but not beyond the moment when ``stop`` is set; tell whether it is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
