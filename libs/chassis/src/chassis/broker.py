"""NATS with JetStream, as the services use it: one connection that comes back by itself.

JetStream is transport: a stream that is missing is made again, and the relay that owns its events
fills it from the outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NamedTuple, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import SlowConsumerError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError, ServerError

from chassis.envelope import Envelope, UnreadableEventError, parse, subject
from chassis.errors import ServiceError, unavailable
from chassis.logs import get_logger
from chassis.replies import Outgoing, Replies

__all__ = [
    "Broker",
    "ConsumerLag",
    "Outgoing",
    "StreamFacts",
    "Subscription",
    "stream_name",
    "subject",
]

_CONNECT_TIMEOUT_S = 2
_FIRST_CONNECT_S = 5.0
_RECONNECT_WAIT_S = 0.5
_PING_INTERVAL_S = 5
_API_TIMEOUT_S = 5.0
_FLUSH_TIMEOUT_S = 2
_CLOSE_TIMEOUT_S = 3.0
_KEEP = timedelta(days=30)
"""How long a consumer may be away: as long as the outbox keeps published events."""
_DUPLICATE_WINDOW = timedelta(minutes=5)
_MAX_ACK_PENDING = 1000
_log = get_logger(__name__)
_T = TypeVar("_T")


def stream_name(context: str) -> str:
    """Return the name of a context's stream."""
    return f"SOKO_{context.upper()}"


class StreamFacts(NamedTuple):
    """What tells one stream from another of the same name, and how far it goes."""

    created: str
    last_sequence: int


class ConsumerLag(NamedTuple):
    """How far a consumer is behind its stream."""

    pending: int
    """Events that were never delivered."""
    unacknowledged: int
    redelivered: int
    """Those of the unacknowledged that were delivered more than once."""
    acknowledged: int
    """The stream's number up to which all are acknowledged."""


class _Client(Client):
    """The library's client with a cheaper way to read headers.

    The library looks at each character of each header's name, which is a third of what an event
    costs to receive. Should the library rename this method, only the saving is lost.
    """

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                headers[name] = value.strip()
        return headers


def _exit_process() -> None:
    signal.raise_signal(signal.SIGTERM)


class Broker:
    """One connection to NATS, lost and found again as often as it takes.

    Operations raise ServiceError ``unavailable`` while there is no connection. When the client
    library gives up for good (a refused login, a broken protocol), ``on_closed`` is called: by
    default the process asks itself to end, because whoever started it will start it anew.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        replicas: int | None = None,
        on_closed: Callable[[], None] = _exit_process,
    ) -> None:
        self._servers = url.split(",")
        self._name = name
        self._replicas = replicas or int(os.environ.get("SOKO_STREAM_REPLICAS", "1"))
        self._on_closed = on_closed
        self._client: Client = _Client()
        self._replies = Replies()
        self._generation = 0
        self._closing = False
        self._started = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._late: list[Callable[[], Awaitable[object]]] = []
        self._resets: dict[str, Callable[[], Awaitable[None]]] = {}
        self._reset_tasks: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        """Whether there is a connection at this moment."""
        return self._started.is_set() and self._client.is_connected

    @property
    def generation(self) -> int:
        """Counts connections from 1: who remembers another value has to look again."""
        return self._generation

    async def connect(self) -> None:
        """Connect; if the broker is away, return after 5 s and go on trying beside the caller."""
        self._starting = asyncio.create_task(self._start())
        await asyncio.wait([self._starting], timeout=_FIRST_CONNECT_S)
        if self._starting.done():
            self._starting.result()
        else:
            # What stands before the @ is the password.
            places = [server.rpartition("@")[2] for server in self._servers]
            _log.warning("broker_away", servers=places)

    async def _start(self) -> None:
        await self._client.connect(
            self._servers,
            name=self._name,
            error_cb=self._error,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=self._closed,
            connect_timeout=_CONNECT_TIMEOUT_S,
            reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type]
            max_reconnect_attempts=-1,
            ping_interval=_PING_INTERVAL_S,
            max_outstanding_pings=2,
            skip_subject_validation=True,
            # A user of the broker may hear its own inboxes alone, so that nobody reads the
            # answers that are meant for another.
            inbox_prefix=f"_INBOX_{self._name}",
        )
        await self._replies.attach(self._client)
        self._generation += 1
        self._started.set()
        for subscribe in self._late:
            await subscribe()
        self._late.clear()
        self._reset(*self._resets)

    async def close(self) -> None:
        """Send what is buffered and disconnect."""
        self._closing = True
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        for task in self._reset_tasks:
            task.cancel()
        if not self._started.is_set():
            return
        with contextlib.suppress(NatsError, OSError, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                if self.connected:
                    await self._client.flush(1)
                await self._client.close()

    async def _error(self, error: Exception) -> None:
        if isinstance(error, SlowConsumerError):
            _log.warning("follower_too_slow", subject=error.subject)
            self._reset(error.subject)
        elif "permissions violation" in str(error).lower():
            _log.error("broker_refused", error=str(error))
        else:
            _log.debug("broker_error", error=repr(error))

    async def _disconnected(self) -> None:
        if not self._closing:
            _log.warning("broker_lost")
        self._replies.fail_all()

    async def _reconnected(self) -> None:
        self._generation += 1
        _log.info("broker_found")
        self._reset(*self._resets)

    async def _closed(self) -> None:
        self._replies.fail_all()
        if not self._closing:
            _log.error("broker_closed_for_good", error=repr(self._client.last_error))
            self._on_closed()

    def _reset(self, *followed: str) -> None:
        """Have the followers of some subjects forget, each once."""
        for on_reset in {self._resets[pattern] for pattern in followed if pattern in self._resets}:
            task = asyncio.create_task(_logged(on_reset()))
            self._reset_tasks.add(task)
            task.add_done_callback(self._reset_tasks.discard)

    def _require(self) -> Client:
        if not self.connected:
            raise unavailable("broker")
        return self._client

    async def publish_core(self, subject: str, data: bytes) -> None:
        """Publish to whoever listens now; nothing is stored and nothing is acknowledged."""
        try:
            await self._require().publish(subject, data)
        except NatsError as error:
            raise unavailable("broker") from error

    async def subscribe_core(
        self, subject: str, callback: Callable[[str, bytes], Awaitable[None]]
    ) -> Subscription:
        """Call ``callback(subject, data)`` for each message from now on, across reconnects.

        When this returns, the server has the subscription: what is published afterwards arrives.
        Unsubscribe with ``await subscription.unsubscribe()``. Raises ``unavailable`` before the
        first connection.
        """

        async def deliver(message: Msg) -> None:
            await _logged(callback(message.subject, message.data))

        client = self._require()
        subscription = await client.subscribe(subject, cb=deliver)
        await _acknowledged(client)
        return subscription

    async def follow(
        self,
        context: str,
        callback: Callable[[Envelope], Awaitable[None]],
        on_reset: Callable[[], Awaitable[None]],
        names: Sequence[str] = ("*",),
    ) -> None:
        """Call back for each of a context's events from now on, for caches of this process.

        ``names`` are the events to follow; each that is not wanted costs a process its reading.
        What a stream stores is ordinary NATS traffic, so this listens to the subjects themselves:
        it needs no consumer on the server and no acknowledgement. ``on_reset`` is called after
        each (re)connect and whenever messages were dropped: forget everything then.
        """
        patterns = [subject(context, name) for name in names]

        async def deliver(message: Msg) -> None:
            try:
                envelope = parse(message.headers, message.data)
            except UnreadableEventError as error:
                _log.warning("unreadable_event", subject=message.subject, error=str(error))
                return
            await _logged(callback(envelope))

        async def subscribe() -> None:
            for pattern in patterns:
                await self._client.subscribe(pattern, cb=deliver)
            await _acknowledged(self._client)

        self._resets.update(dict.fromkeys(patterns, on_reset))
        if not self._started.is_set():
            self._late.append(subscribe)
            return
        await subscribe()
        self._reset(*patterns)

    async def subscribe(
        self, inbox: str, deliver: Callable[[Msg], Awaitable[None]]
    ) -> Subscription:
        """Subscribe to raw messages; raises ``unavailable`` without a connection."""
        return await self._require().subscribe(inbox, cb=deliver)

    def new_inbox(self) -> str:
        """Return a subject that nobody else uses."""
        return self._client.new_inbox()

    async def publish(self, message: Outgoing, reply: str = "") -> None:
        """Send one message with headers and a reply subject, unacknowledged."""
        try:
            await self._require().publish(message.subject, message.data, reply, message.headers)
        except NatsError as error:
            raise unavailable("broker") from error

    async def request_many(
        self, messages: Sequence[Outgoing], timeout_s: float = _API_TIMEOUT_S
    ) -> list[Msg | None]:
        """Send messages at once; return each one's answer, or None where none came in time.

        None means unknown: the message may have had its effect. Raises ``unavailable`` without a
        connection.
        """
        return await self._replies.request_many(self._require(), messages, timeout_s)

    async def ensure_stream(self, context: str) -> StreamFacts:
        """Make sure that a context's stream exists as we want it; return what it is.

        Another time of creation than before means another stream: the former one and its messages
        are gone.
        """
        wanted = StreamConfig(
            name=stream_name(context),
            subjects=[subject(context, "*")],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=_KEEP.total_seconds(),
            duplicate_window=_DUPLICATE_WINDOW.total_seconds(),
            num_replicas=self._replicas,
        )
        js = self._require().jetstream(timeout=_API_TIMEOUT_S)
        try:
            info = await js.stream_info(stream_name(context))
            known = info.config
            if (known.subjects, known.num_replicas, known.max_age, known.duplicate_window) != (
                wanted.subjects,
                wanted.num_replicas,
                wanted.max_age,
                wanted.duplicate_window,
            ):
                await js.update_stream(wanted)
        except NotFoundError:
            info = await _api(js.add_stream(wanted))
            _log.info("stream_created", stream=wanted.name)
        except (NatsError, TimeoutError, OSError) as error:
            raise unavailable("broker") from error
        created = info.created.isoformat() if info.created is not None else ""
        return StreamFacts(created, info.state.last_seq)

    async def ensure_consumer(
        self, context: str, durable: str, names: Sequence[str], ack_wait_s: float
    ) -> None:
        """Make sure that a durable pull consumer of some of a context's events exists.

        A new one starts at the oldest stored event. One that is ahead of its stream, which lost
        its newest events, would skip as many new ones; and nats-server 2.15 removes the folder of a
        deleted consumer so late that a new one of its name may lose its own, and can never be
        updated again. Both are deleted and ``unavailable`` is raised: after a pause, for that
        reason, the next call makes another one.
        """
        config = ConsumerConfig(
            durable_name=durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait_s,
            max_deliver=-1,
            max_ack_pending=_MAX_ACK_PENDING,
            filter_subjects=[subject(context, name) for name in sorted(names)],
        )
        js = self._require().jetstream(timeout=_API_TIMEOUT_S)
        stream = stream_name(context)
        try:
            info = await _api(js.add_consumer(stream, config))
        except ServiceError as error:
            if isinstance(error.__cause__, ServerError):
                _log.warning("consumer_not_kept", stream=stream, error=str(error.__cause__))
                await _api(js.delete_consumer(stream, durable))
            raise
        seen = info.delivered.stream_seq if info.delivered is not None else 0
        if seen > (await _api(js.stream_info(stream))).state.last_seq:
            _log.warning("consumer_ahead_of_stream", stream=stream, consumer=durable)
            await _api(js.delete_consumer(stream, durable))
            raise unavailable("broker")

    async def consumer_lag(self, context: str, durable: str) -> ConsumerLag:
        """Return how far a durable consumer of a context's events is behind.

        Raises ``unavailable`` without a connection and while there is no such consumer.
        """
        js = self._require().jetstream(timeout=_API_TIMEOUT_S)
        info = await _api(js.consumer_info(stream_name(context), durable))
        return ConsumerLag(
            info.num_pending or 0,
            info.num_ack_pending or 0,
            info.num_redelivered or 0,
            info.ack_floor.stream_seq if info.ack_floor is not None else 0,
        )


async def _acknowledged(client: Client) -> None:
    """Wait until the server has read what was sent before.

    A busy server may otherwise take a subscription up after messages that others published later.
    nats-py 2.16 writes a ping past the commands that wait in its own buffer; once the first ping is
    answered they have been written, and the second one stands behind them.
    """
    try:
        await client.flush(_FLUSH_TIMEOUT_S)
        await client.flush(_FLUSH_TIMEOUT_S)
    except (NatsError, OSError) as error:
        raise unavailable("broker") from error


async def _api(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except (NatsError, TimeoutError, OSError) as error:
        raise unavailable("broker") from error


async def _logged(call: Awaitable[None]) -> None:
    """Run a callback; its error is its own, not the connection's."""
    try:
        await call
    except ServiceError as error:
        _log.warning("callback_failed", error=str(error))
    except Exception:
        _log.exception("callback_failed")
