"""Resumes sagas whose time has come."""

from __future__ import annotations

import asyncio
import contextlib

from chassis.errors import ServiceError
from chassis.logs import get_logger
from orders.app.resume_sagas import ResumeSagas, ResumeSagasHandler
from orders.app.settle_orders import MAX_BATCH

_POLL_S = 0.5
_log = get_logger(__name__)


class SagaWorker:
    """Looks for due sagas every half second, or at once when it is woken."""

    def __init__(self, resume: ResumeSagasHandler) -> None:
        self._resume = resume
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Tell it that a saga is due."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is under way is finished."""
        stopping = asyncio.create_task(self._wake_on(stop))
        try:
            while not stop.is_set():
                if await self._resumed() < MAX_BATCH:
                    await self._pause()
        finally:
            stopping.cancel()

    async def _resumed(self) -> int:
        try:
            return await self._resume(ResumeSagas())
        except ServiceError as error:
            _log.warning("saga_worker_waits", error=str(error))
            return 0

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._wake.wait()
        self._wake.clear()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()
