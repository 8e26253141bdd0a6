"""The relay: publishes what stands in the outbox, independent of any request."""

from __future__ import annotations

import asyncio

from chassis.broker import Broker
from chassis.database import Database


class Relay:
    """Publishes one context's events in each aggregate's order."""

    def __init__(self, db: Database, nats: Broker, context: str) -> None:
        self._db = db
        self._broker = nats
        self._context = context
        self._wake = asyncio.Event()

    def nudge(self) -> None:
        """Tell the relay that there is something to publish."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop."""
        await stop.wait()
