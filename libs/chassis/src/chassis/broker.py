"""NATS with JetStream, as the services use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.envelope import Envelope


class Broker:
    """One connection to NATS."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name

    async def connect(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Close."""

    async def ensure_stream(self, context: str) -> None:
        """Create the context's stream if it is missing."""

    async def publish_core(self, subject: str, data: bytes) -> None:
        """Publish without storing."""

    async def subscribe_core(
        self, subject: str, callback: Callable[[str, bytes], Awaitable[None]]
    ) -> Any:
        """Subscribe without storing."""

    async def follow(
        self,
        context: str,
        callback: Callable[[Envelope], Awaitable[None]],
        on_reset: Callable[[], Awaitable[None]],
    ) -> None:
        """Follow a context's events from now on."""
