"""The client's half of calls that share a gRPC call: gather those that meet, send them together.

A lone call goes as it is. While a call is unanswered, others to the same peer wait until it is
answered, or for as long as an answer usually takes, and then travel in one ``CallTogether``
(``soko/chassis/v1/call.proto``). Waiting is bounded by ``_MAX_WAIT_S``, and a peer with one caller
at a time never sees any of this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message
from grpc.aio import AioRpcError, Metadata

from soko.chassis.v1 import call_pb2 as pb
from soko.chassis.v1.call_pb2_grpc import CallServiceStub

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
Pairs = Sequence[tuple[str, str]]

_MAX_TOGETHER = 64
_MAX_SHARED_BYTES = 64 * 1024
_MAX_WAIT_S = 0.02
_SMOOTHING = 0.1
_FAREWELL_S = 30.0
"""How long a channel that was renewed waits for its last calls."""
_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


class SharedMethod(grpc.aio.UnaryUnaryMultiCallable[Request, Response]):
    """A unary method; called itself, it makes an ordinary gRPC call."""

    def __init__(
        self,
        name: str,
        alone: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        parse: Callable[[bytes], Response],
    ) -> None:
        self.name = name
        self.parse = parse
        self.alone = alone

    def __call__(self, *args: Any, **kwargs: Any) -> grpc.aio.UnaryUnaryCall[Request, Response]:
        """Make an ordinary gRPC call."""
        return self.alone(*args, **kwargs)


@dataclass(slots=True)
class _Waiting:
    method: SharedMethod[Any, Any]
    request: Message
    metadata: Pairs
    deadline: float
    """On the event loop's clock."""
    outcome: asyncio.Future[tuple[Any, Metadata]]

    def fail(self, error: AioRpcError) -> None:
        if not self.outcome.done():
            # A copy, because each raise adds to an exception's traceback.
            self.outcome.set_exception(
                AioRpcError(
                    error.code(),
                    error.initial_metadata(),
                    error.trailing_metadata(),
                    error.details(),
                )
            )

    def settle(self, answer: pb.CallAnswer) -> None:
        if self.outcome.done():
            return
        trailing = Metadata(*_pairs(answer.trailing_metadata))
        code = _STATUS_CODES.get(answer.status_code, grpc.StatusCode.UNKNOWN)
        if code is grpc.StatusCode.OK:
            self.outcome.set_result((self.method.parse(answer.response), trailing))
        else:
            self.outcome.set_exception(
                AioRpcError(code, Metadata(), trailing, answer.status_message)
            )


class CallGatherer:
    """Sends the unary calls of one channel, alone or together."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.speak_over(channel)
        self._waiting: deque[_Waiting] = deque()
        self._unanswered = 0
        """gRPC calls on their way without a first answer."""
        self._usual_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._understood = True
        self._tasks: set[asyncio.Task[None]] = set()
        """Held, because the loop itself holds tasks weakly."""

    def speak_over(self, channel: grpc.aio.Channel) -> None:
        """Send what comes from now on over a channel."""
        self._together = CallServiceStub(channel).CallTogether

    async def call(
        self,
        method: SharedMethod[Request, Response],
        request: Request,
        timeout_s: float,
        metadata: Pairs,
    ) -> tuple[Response, Metadata]:
        """Return a call's response and trailing metadata.

        Raises AioRpcError as the call itself would, TimeoutError at the end of ``timeout_s``.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(method, request, metadata, loop.time() + timeout_s, loop.create_future())
        if not (self._unanswered and self._understood) or request.ByteSize() > _MAX_SHARED_BYTES:
            return await self._alone(waiting)
        self._waiting.append(waiting)
        if self._timer is None:
            self._timer = loop.call_later(min(_MAX_WAIT_S, self._usual_s), self._send)
        async with asyncio.timeout_at(waiting.deadline):
            return cast(tuple[Response, Metadata], await waiting.outcome)

    async def _alone(self, waiting: _Waiting) -> tuple[Any, Metadata]:
        started = asyncio.get_running_loop().time()
        self._unanswered += 1
        try:
            call = waiting.method(
                waiting.request,
                timeout=max(0.0, waiting.deadline - started),
                metadata=waiting.metadata,
            )
            return await call, await call.trailing_metadata()
        finally:
            self._answered(started)

    def _answered(self, started: float) -> None:
        self._unanswered -= 1
        took_s = asyncio.get_running_loop().time() - started
        self._usual_s += _SMOOTHING * (took_s - self._usual_s)
        if self._waiting:
            self._send()

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            batch: list[_Waiting] = []
            while self._waiting and len(batch) < _MAX_TOGETHER:
                waiting = self._waiting.popleft()
                if not waiting.outcome.done():
                    batch.append(waiting)
            if batch:
                task = asyncio.create_task(self._run(batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: Sequence[_Waiting]) -> None:
        if len(batch) == 1 or not self._understood:
            await asyncio.gather(*(self._run_alone(each) for each in batch))
            return
        left = dict(enumerate(batch))
        failure = AioRpcError(
            grpc.StatusCode.INTERNAL, Metadata(), Metadata(), "The call was not answered."
        )
        try:
            await self._run_together(left)
        except AioRpcError as error:
            failure = error
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                # A server that does not know the method yet, as during an upgrade.
                self._understood = False
                await self._run(batch)
        except asyncio.CancelledError:
            failure = _closed()
            raise
        finally:
            for each in left.values():
                each.fail(failure)

    async def _run_together(self, left: dict[int, _Waiting]) -> None:
        """Run the calls; those that were answered are taken out of ``left``."""
        started = asyncio.get_running_loop().time()
        request = pb.CallTogetherRequest(
            calls=[
                pb.Call(
                    method=each.method.name,
                    metadata=[
                        pb.Metadatum(key=key, value=value.encode()) for key, value in each.metadata
                    ],
                    timeout_ms=max(1, int((each.deadline - started) * 1000)),
                    request=each.request.SerializeToString(),
                )
                for each in left.values()
            ]
        )
        latest = max(each.deadline for each in left.values())
        self._unanswered += 1
        unanswered = True
        try:
            async for message in self._together(request, timeout=max(0.001, latest - started)):
                if unanswered:
                    unanswered = False
                    self._answered(started)
                for answer in message.answers:
                    left.pop(answer.index).settle(answer)
        finally:
            if unanswered:
                self._answered(started)

    async def _run_alone(self, waiting: _Waiting) -> None:
        try:
            result = await self._alone(waiting)
        except AioRpcError as error:
            waiting.fail(error)
        except asyncio.CancelledError:
            waiting.fail(_closed())
            raise
        else:
            if not waiting.outcome.done():
                waiting.outcome.set_result(result)


class SharedChannel(grpc.aio.Channel):
    """A channel whose unary methods know their names, so that a gatherer can send them together."""

    def __init__(
        self,
        target: str,
        options: Sequence[tuple[str, Any]],
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._target = target
        self._options = options
        self._channel = self._open(credentials)
        self._methods: list[tuple[SharedMethod[Any, Any], Callable[[], Any]]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self.gatherer = CallGatherer(self._channel)

    def _open(self, credentials: grpc.ChannelCredentials | None) -> grpc.aio.Channel:
        if credentials is None:
            return grpc.aio.insecure_channel(self._target, options=self._options)
        return grpc.aio.secure_channel(self._target, credentials, options=self._options)

    def renew(self, credentials: grpc.ChannelCredentials) -> None:
        """Show other credentials from now on; calls under way end on the former connections."""
        former, self._channel = self._channel, self._open(credentials)
        self.gatherer.speak_over(self._channel)
        for method, make in self._methods:
            method.alone = make()
        leaving = asyncio.create_task(former.close(_FAREWELL_S))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def unary_unary(  # type: ignore[override]
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        **options: Any,
    ) -> SharedMethod[Any, Any]:
        """Return a method that a gatherer can send."""

        def make() -> Any:
            return self._channel.unary_unary(
                method, request_serializer, response_deserializer, **options
            )

        shared = SharedMethod(method, make(), response_deserializer)
        self._methods.append((shared, make))
        return shared

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        """As the channel itself does."""
        return self._channel.unary_stream(*args, **kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        """As the channel itself does."""
        return self._channel.stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        """As the channel itself does."""
        return self._channel.stream_stream(*args, **kwargs)

    async def close(self, grace: float | None = None) -> None:
        """As the channel itself does."""
        for leaving in self._leaving:
            leaving.cancel()
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """As the channel itself does."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """As the channel itself does."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """As the channel itself does."""
        await self._channel.channel_ready()

    async def __aenter__(self) -> SharedChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _closed() -> AioRpcError:
    return AioRpcError(
        grpc.StatusCode.UNAVAILABLE, Metadata(), Metadata(), "The channel was closed."
    )


def _pairs(metadata: Iterable[pb.Metadatum]) -> Iterable[tuple[str, str | bytes]]:
    for each in metadata:
        yield each.key, each.value if each.key.endswith("-bin") else each.value.decode()
