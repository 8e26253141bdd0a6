"""Many requests under way at once, answered to one subscription.

The client library's own request makes a future, a timer and a random token for each message. Events
and acknowledgements come in batches, so a counter and one timer for the batch are enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError


class Outgoing(NamedTuple):
    """A message to send."""

    subject: str
    data: bytes
    headers: dict[str, str] | None = None


class _Batch:
    """Requests that wait together."""

    __slots__ = ("answers", "done", "open")

    def __init__(self, size: int) -> None:
        self.answers: list[Msg | None] = [None] * size
        self.open = size
        self.done = asyncio.Event()


class Replies:
    """Sends batches of requests and collects their answers."""

    def __init__(self) -> None:
        self._prefix = ""
        self._next = 0
        self._waiting: dict[str, tuple[_Batch, int]] = {}

    async def attach(self, client: Client) -> None:
        """Listen for answers on a connection; the client renews this when it reconnects."""
        self._prefix = client.new_inbox() + "."
        await client.subscribe(self._prefix + "*", cb=self._receive)

    async def _receive(self, message: Msg) -> None:
        found = self._waiting.pop(message.subject, None)
        if found is None:
            return
        batch, index = found
        batch.answers[index] = message
        batch.open -= 1
        if not batch.open:
            batch.done.set()

    def fail_all(self) -> None:
        """Stop waiting: the connection that the answers would have come by is gone."""
        for batch, _ in self._waiting.values():
            batch.done.set()

    async def request_many(
        self, client: Client, messages: Sequence[Outgoing], timeout_s: float
    ) -> list[Msg | None]:
        """Send messages and return their answers in the same order; None where none came."""
        if not messages:
            return []
        batch = _Batch(len(messages))
        inboxes: list[str] = []
        try:
            for index, message in enumerate(messages):
                self._next += 1
                inbox = f"{self._prefix}{self._next}"
                inboxes.append(inbox)
                self._waiting[inbox] = (batch, index)
                await client.publish(message.subject, message.data, inbox, message.headers)
            async with asyncio.timeout(timeout_s):
                await batch.done.wait()
        except (NatsError, OSError, TimeoutError):
            pass
        finally:
            for inbox in inboxes:
                self._waiting.pop(inbox, None)
        return batch.answers
