"""Real-time messages: from core NATS to the WebSockets that this worker holds.

Each held group has one subscription. A message carries its group's sequence number, so that a
missing one is noticed and fetched, and one that comes twice is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import orjson
from prometheus_client import Gauge

from chassis.broker import Broker, Subscription
from chassis.errors import ServiceError
from chassis.logs import get_logger

PAGE_LENGTH = 500
"""How many messages notifications gives at once."""
QUEUE_LENGTH = 64
"""How many messages may wait for a slow client before it is dropped."""
_SWEEP_INTERVAL_S = 30.0
"""The last message of a group is missed by nobody's noticing; so all are asked for now and then."""
_ROOM_TIMEOUT_S = 10.0
_MAX_ROUNDS = 100

CLOSE_NOT_ALLOWED = 4401
CLOSE_UNKNOWN = 4404
CLOSE_TOO_SLOW = 4408
CLOSE_RESTART = 1012

SOCKETS = Gauge("soko_websockets", "Open WebSockets.", multiprocess_mode="livesum")
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as notifications keeps it."""

    sequence: int
    body: bytes


FetchMessages = Callable[[str, int | None], Awaitable[Sequence[StoredMessage]]]
"""Returns a group's messages after a sequence number, oldest first; the newest alone for None."""


class Listener:
    """One WebSocket's queue."""

    def __init__(self, group: str, session_id: str = "", last_sequence: int = 0) -> None:
        self.group = group
        self.session_id = session_id
        self.last_sequence = last_sequence
        self.close_code: int | None = None
        self.ended = asyncio.Event()
        self.catching_up = False
        self.behind = False
        """Whether a message came that was not queued because older ones are being fetched."""
        self.queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LENGTH)

    def offer(self, sequence: int, body: bytes) -> None:
        """Queue a message unless it was queued before; drop the client that is too slow."""
        if sequence <= self.last_sequence or self.close_code is not None:
            return
        self.last_sequence = sequence
        try:
            self.queue.put_nowait(body)
        except asyncio.QueueFull:
            self.end(CLOSE_TOO_SLOW)

    async def wait_and_offer(self, sequence: int, body: bytes) -> None:
        """Queue a message of the past, waiting for room: a long absence is no slowness."""
        if sequence <= self.last_sequence or self.close_code is not None:
            return
        self.last_sequence = sequence
        try:
            async with asyncio.timeout(_ROOM_TIMEOUT_S):
                await self.queue.put(body)
        except TimeoutError:
            self.end(CLOSE_TOO_SLOW)

    def end(self, code: int) -> None:
        """Let the socket close with a code, whatever still waits."""
        if self.close_code is None:
            self.close_code = code
            self.ended.set()


class _Group:
    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.subscription: Subscription | None = None
        self.lock = asyncio.Lock()


class Hub:
    """The groups that this worker holds sockets of."""

    def __init__(self, broker: Broker, fetch: FetchMessages) -> None:
        self._broker = broker
        self._fetch = fetch
        self._groups: dict[str, _Group] = {}
        self._sweeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for missed messages."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """End every socket with 1012: the client comes back to another worker."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for group in self._groups.values():
            for listener in group.listeners:
                listener.end(CLOSE_RESTART)

    async def join(self, listener: Listener) -> None:
        """Subscribe a listener to its group; raises ServiceError ``unavailable`` without NATS."""
        group = self._groups.setdefault(listener.group, _Group())
        group.listeners.add(listener)
        SOCKETS.inc()
        try:
            async with group.lock:
                if group.subscription is None:
                    group.subscription = await self._broker.subscribe_core(
                        f"soko.realtime.{listener.group}", self._on_message
                    )
        except BaseException:
            await self.leave(listener)
            raise

    async def leave(self, listener: Listener) -> None:
        """Take a listener out; the last one of a group ends its subscription."""
        group = self._groups.get(listener.group)
        if group is None or listener not in group.listeners:
            return
        group.listeners.discard(listener)
        SOCKETS.dec()
        if group.listeners:
            return
        del self._groups[listener.group]
        if group.subscription is not None:
            try:
                await group.subscription.unsubscribe()
            except Exception as error:
                _log.debug("unsubscribe_failed", error=repr(error))

    async def catch_up(self, listener: Listener, after: int | None) -> int:
        """Queue what a listener missed; return how many messages there were.

        Without ``after`` that is the newest message alone. Raises ServiceError.
        """
        count = 0
        listener.catching_up = True
        try:
            for _ in range(_MAX_ROUNDS):
                listener.behind = False
                messages = await self._fetch(listener.group, after)
                for message in messages:
                    await listener.wait_and_offer(message.sequence, message.body)
                count += len(messages)
                if messages:
                    after = messages[-1].sequence
                whole = len(messages) < PAGE_LENGTH
                if listener.close_code is not None or (whole and not listener.behind):
                    break
                after = after or 0
            return count
        finally:
            listener.catching_up = False

    async def begin(self, listener: Listener, after: int | None, state: bytes) -> None:
        """Queue the first messages: what was missed after a sequence number, else what is now.

        What is now is the newest message, or ``state`` when there was none yet. Raises
        ServiceError.
        """
        if await self.catch_up(listener, after):
            return
        listener.catching_up = True
        listener.behind = False
        try:
            newest = [] if after is None else await self._fetch(listener.group, None)
            # A client may name a sequence that was never given out; what comes next must reach it.
            listener.last_sequence = newest[-1].sequence if newest else 0
            listener.queue.put_nowait(newest[-1].body if newest else state)
        finally:
            listener.catching_up = False
        if listener.behind:
            await self.catch_up(listener, listener.last_sequence)

    def end_session(self, session_id: str) -> None:
        """Close the sockets of a session that ended."""
        for group in self._groups.values():
            for listener in list(group.listeners):
                if listener.session_id == session_id:
                    listener.end(CLOSE_NOT_ALLOWED)

    async def resync(self) -> None:
        """Fetch for every listener what came while nobody listened."""
        for group in list(self._groups.values()):
            for listener in list(group.listeners):
                await self._try_catch_up(listener)

    async def _try_catch_up(self, listener: Listener) -> None:
        if listener.catching_up or listener.close_code is not None:
            listener.behind = True
            return
        try:
            await self.catch_up(listener, listener.last_sequence)
        except ServiceError as error:
            _log.debug("resync_failed", error=str(error))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_INTERVAL_S)
            await self.resync()

    async def _on_message(self, subject: str, data: bytes) -> None:
        group = self._groups.get(subject.removeprefix("soko.realtime."))
        sequence = sequence_of(data)
        if group is None or sequence is None:
            return
        for listener in list(group.listeners):
            if listener.catching_up:
                listener.behind = True
            elif sequence > listener.last_sequence + 1:
                await self._try_catch_up(listener)
            else:
                listener.offer(sequence, data)


def sequence_of(data: bytes) -> int | None:
    """Return the sequence number inside a message, None for what is no message."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    sequence = document.get("sequence") if isinstance(document, dict) else None
    return sequence if isinstance(sequence, int) else None
