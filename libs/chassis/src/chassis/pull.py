"""A durable pull consumer's messages, asked for in short requests.

It speaks JetStream's own protocol (``$JS.API.CONSUMER.MSG.NEXT``, see
https://docs.nats.io/reference/reference-protocols/nats_api_reference), because the client library's
fetch waits for a full batch and starts over with each call. A request ends by itself after two
seconds, so one that a restarted broker forgot does not stay unnoticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import orjson
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from chassis.broker import Broker, stream_name
from chassis.errors import ServiceError
from chassis.replies import Outgoing

_EXPIRES_S = 2.0
_GRACE_S = 1.0
_SILENT_REQUESTS = 3
_LINGER_S = 0.01
"""How long the first message waits for company: a transaction costs as much for one as for ten."""
_SPACING_S = 0.1
"""From one batch that was not full to the next: under load, fewer and larger ones cost less CPU."""
_STATUS = "Status"
_NO_MESSAGES = ("404", "408")


class ConsumerGoneError(Exception):
    """The consumer, its stream or the connection is no longer what it was: make sure of them."""


class Pull:
    """Receives one consumer's messages; every message must be acknowledged or refused."""

    def __init__(self, broker: Broker, context: str, durable: str, batch: int) -> None:
        self._broker = broker
        self._batch = batch
        self._ask = f"$JS.API.CONSUMER.MSG.NEXT.{stream_name(context)}.{durable}"
        self._request = orjson.dumps({"batch": batch, "expires": int(_EXPIRES_S * 1e9)})
        self._inbox = ""
        self._subscription: Subscription | None = None
        self._received: list[Msg] = []
        self._arrived = asyncio.Event()
        self._asked_until = 0.0
        self._open = 0
        self._gone = ""
        self._silent = 0
        self._generation = 0
        self._next_at = 0.0

    async def open(self) -> None:
        """Start to listen; raises ServiceError ``unavailable`` without a connection."""
        self._inbox = self._broker.new_inbox()
        self._generation = self._broker.generation
        self._subscription = await self._broker.subscribe(self._inbox, self._receive)

    async def _receive(self, message: Msg) -> None:
        status = message.headers.get(_STATUS) if message.headers and not message.reply else None
        if status is None:
            self._received.append(message)
            self._open -= 1
        else:
            self._open = 0
            self._silent = 0
            if status not in _NO_MESSAGES:
                self._gone = f"{status} {(message.headers or {}).get('Description', '')}"
        self._arrived.set()

    async def next(self) -> list[Msg]:
        """Return what has arrived, or an empty list after a quiet while of at most 3 s.

        Raises ConsumerGoneError when the consumer has to be made sure of, and ServiceError
        ``unavailable`` without a connection.
        """
        if self._received:
            await self._gather(self._next_at - time.monotonic())
            return self._take()
        if self._gone or self._generation != self._broker.generation:
            raise ConsumerGoneError(self._gone or "reconnected")
        now = time.monotonic()
        if self._open <= 0 or now >= self._asked_until:
            if self._open > 0:
                self._silent += 1
                if self._silent >= _SILENT_REQUESTS:
                    raise ConsumerGoneError("no answer")
            await self._broker.publish(Outgoing(self._ask, self._request), self._inbox)
            self._open = self._batch
            self._asked_until = now + _EXPIRES_S + _GRACE_S
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._asked_until - now):
                await self._arrived.wait()
        if self._received:
            await self._gather(max(_LINGER_S, self._next_at - time.monotonic()))
        return self._take()

    def wake(self) -> None:
        """Let a waiting ``next`` return at once."""
        self._arrived.set()

    async def _gather(self, pause_s: float) -> None:
        """Let a batch fill."""
        if pause_s > 0 and len(self._received) < self._batch:
            await asyncio.sleep(pause_s)

    def _take(self) -> list[Msg]:
        self._next_at = time.monotonic() + _SPACING_S
        taken, self._received = self._received[: self._batch], self._received[self._batch :]
        return taken

    async def close(self) -> list[Msg]:
        """Stop to listen; return what has arrived and was not taken, to be refused."""
        if self._subscription is not None:
            with contextlib.suppress(NatsError, ServiceError):
                await self._subscription.unsubscribe()
        return self._received
