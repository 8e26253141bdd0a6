"""The server's half of calls that share a gRPC call (``soko/chassis/v1/call.proto``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import grpc

from chassis.grpc_server import RequestInterceptor
from chassis.logs import get_logger
from soko.chassis.v1 import call_pb2 as pb
from soko.chassis.v1 import call_pb2_grpc

Holder = Callable[[], Mapping[str, Any]]
"""Tells who holds the connection, whatever its calls say."""
Pairs = Sequence[tuple[str, str | bytes]]
AddServicer = Callable[[Any, grpc.aio.Server], None]
"""A generated ``add_...Servicer_to_server``."""

_MAX_CALLS = 256
_log = get_logger(__name__)


def add_services(
    server: grpc.aio.Server,
    interceptor: RequestInterceptor,
    services: Sequence[tuple[AddServicer, object]],
) -> None:
    """Add servicers to a server so that their unary methods can be called alone or together."""
    recorder = _Recorder(server)
    for add, servicer in services:
        add(servicer, recorder)  # type: ignore[arg-type]
    methods = {
        name: _Method(
            handler.request_deserializer,
            interceptor.wrap(name, handler.unary_unary),
            handler.response_serializer,
        )
        for name, handler in recorder.handlers.items()
        if handler.unary_unary is not None
    }
    call_pb2_grpc.add_CallServiceServicer_to_server(_CallServicer(methods), server)


@dataclass(frozen=True, slots=True)
class _Method:
    parse: Callable[[bytes], Any]
    behaviour: Callable[[Any, Any], Awaitable[Any]]
    serialize: Callable[[Any], bytes]


class _Recorder:
    """Stands for the server while servicers are added, and notes their methods."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        self._server.add_registered_method_handlers(service, handlers)
        for name, handler in handlers.items():
            self.handlers[f"/{service}/{name}"] = handler


class _CallServicer(call_pb2_grpc.CallServiceServicer):
    def __init__(self, methods: Mapping[str, _Method]) -> None:
        self._methods = methods

    async def CallTogether(  # noqa: N802
        self, request: pb.CallTogetherRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.CallTogetherResponse]:
        """Run the calls at once and answer each as soon as it is ready."""
        if len(request.calls) > _MAX_CALLS:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"At most {_MAX_CALLS} calls go together."
            )
        holder = cache(context.auth_context)
        answers: list[pb.CallAnswer] = []
        ready = asyncio.Event()

        async def run(index: int, call: pb.Call) -> None:
            answers.append(await self._answer(index, call, holder))
            ready.set()

        tasks = [asyncio.create_task(run(*each)) for each in enumerate(request.calls)]
        left = len(tasks)
        try:
            while left:
                await ready.wait()
                ready.clear()
                message = pb.CallTogetherResponse(answers=answers)
                left -= len(answers)
                answers.clear()
                yield message
        finally:
            for task in tasks:
                task.cancel()

    async def _answer(self, index: int, call: pb.Call, holder: Holder) -> pb.CallAnswer:
        method = self._methods.get(call.method)
        if method is None:
            return _refusal(index, grpc.StatusCode.UNIMPLEMENTED, "There is no such method.")
        context = _CallContext(call, holder)
        try:
            async with asyncio.timeout(call.timeout_ms / 1000):
                response = await method.behaviour(method.parse(call.request), context)
        except TimeoutError:
            return _refusal(index, grpc.StatusCode.DEADLINE_EXCEEDED, "The call took too long.")
        except grpc.aio.AbortError:
            return _refusal(index, context.code, context.details, context.trailing)
        except Exception:
            _log.exception("shared_call_failed", method=call.method)
            return _refusal(index, grpc.StatusCode.INTERNAL, "Something went wrong on our side.")
        return pb.CallAnswer(
            index=index,
            response=method.serialize(response),
            trailing_metadata=_metadata(context.trailing),
        )


class _CallContext:
    """What a handler may ask of its context when its call came with others."""

    def __init__(self, call: pb.Call, holder: Holder) -> None:
        self._call = call
        self.auth_context = holder
        self.code = grpc.StatusCode.OK
        self.details = ""
        self.trailing: Pairs = ()

    def invocation_metadata(self) -> Pairs:
        return tuple(
            (each.key, each.value if each.key.endswith("-bin") else each.value.decode())
            for each in self._call.metadata
        )

    def time_remaining(self) -> float:
        return self._call.timeout_ms / 1000

    def set_trailing_metadata(self, trailing: Pairs) -> None:
        self.trailing = tuple(trailing)

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: Pairs = ()
    ) -> NoReturn:
        self.code, self.details, self.trailing = code, details, tuple(trailing_metadata)
        raise grpc.aio.AbortError


def _refusal(
    index: int, code: grpc.StatusCode, message: str, trailing: Pairs = ()
) -> pb.CallAnswer:
    return pb.CallAnswer(
        index=index,
        status_code=code.value[0],
        status_message=message,
        trailing_metadata=_metadata(trailing),
    )


def _metadata(pairs: Pairs) -> list[pb.Metadatum]:
    return [
        pb.Metadatum(key=key, value=value.encode() if isinstance(value, str) else value)
        for key, value in pairs
    ]
