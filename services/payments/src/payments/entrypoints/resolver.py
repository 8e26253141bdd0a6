"""The resolver: looks after payments and payouts with an open end, beside the requests."""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

from chassis.errors import ServiceError
from chassis.logs import get_logger
from chassis.periodic import pause

_INTERVAL_S = 1.0
_SPREAD = 0.3
"""Workers that start together and look together would each keep a connection of their own."""
_log = get_logger(__name__)


class ResolveDue(Protocol):
    """Looks after what is due."""

    async def handle(self) -> int:
        """Look after one batch; return how many there were."""
        ...


class Resolver:
    """Works as long as there is something due, then rests for a second."""

    def __init__(self, resolve_due: ResolveDue) -> None:
        self._resolve_due = resolve_due

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            try:
                settled = await self._resolve_due.handle()
            except ServiceError as error:
                _log.warning("resolver_waits", error=error.code)
                settled = 0
            if settled == 0:
                pause_s = _INTERVAL_S * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - chance only
                await pause(stop, pause_s)
