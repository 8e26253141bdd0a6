"""Does what is due: sagas to resume, parcels' stock to move, carriers' updates to apply."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from chassis.errors import ServiceError
from chassis.logs import get_logger

_log = get_logger(__name__)


class DueWorker:
    """Looks for due work every so often, or at once when it is woken.

    ``work`` does a batch and returns how much it took; as long as that is ``batch`` there may be
    more.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[int]], *, batch: int, poll_s: float
    ) -> None:
        self._name = name
        self._work = work
        self._batch = batch
        self._poll_s = poll_s
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Tell it that something is due."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is finished."""
        stopping = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                if await self._done() < self._batch:
                    await self._pause()
        finally:
            stopping.cancel()

    async def _done(self) -> int:
        try:
            return await self._work()
        except ServiceError as error:
            _log.warning("worker_waits", worker=self._name, error=str(error))
            return 0

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
        self._wake.clear()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()
