"""Background work that is done every so often."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from chassis.errors import ServiceError
from chassis.logs import get_logger

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await stop.wait()
