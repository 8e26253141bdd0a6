"""The server side of every RPC: who calls, until when, what went wrong, how long it took."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from grpc_status import rpc_status

from chassis import context as request_context
from chassis import telemetry
from chassis.actor import GUEST, Actor
from chassis.auth import AccessTokenVerifier
from chassis.callers import GATEWAY, allowed_callers
from chassis.context import RequestContext
from chassis.errors import ServiceError, as_service_error, deadline_exceeded, forbidden, to_status
from chassis.idempotency_key import REPLAYED, IdempotencyKey
from chassis.logs import get_logger
from chassis.metrics import RPC_HANDLED, RPC_SECONDS

DEFAULT_DEADLINE_S = 10.0
"""How long a call without a deadline of its own may take."""

_ENDLESS_S = 3600.0

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_age_ms", 60_000),
    ("grpc.max_connection_age_grace_ms", 15_000),
    ("grpc.so_reuseport", 0),
)

_NAMES = "peer_dns"
"""What gRPC calls the DNS names of a peer's certificate, once it has verified it."""
_UNCHECKED = ("/grpc.", "/soko.chassis.v1.CallService/CallTogether")
"""Health and reflection tell nothing of anybody; calls that share a call are checked one by one."""

_RPC = {"rpc.system.name": "grpc"}
_log = get_logger(__name__)
_Behaviour = Callable[[Any, grpc.aio.ServicerContext[Any, Any]], Awaitable[Any]]


class RequestInterceptor(grpc.aio.ServerInterceptor):
    """Runs each unary RPC in its request context and turns errors into statuses.

    Callers are let in by the list of ``chassis.callers``. A caller names itself; ``certified`` says
    that its certificate has to bear that name. One interceptor does it all, because each further
    one costs every call tens of microseconds.
    """

    def __init__(self, verifier: AccessTokenVerifier | None, *, certified: bool = False) -> None:
        self._verifier = verifier
        self._certified = certified
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Return the method's handler, wrapped; what needs no caller's name as it is."""
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is not None:
            return known
        handler = await continuation(handler_call_details)
        if handler is None or method.startswith(_UNCHECKED):
            return handler
        if handler.unary_unary is None:
            return None  # Whatever streams would go unchecked.
        wrapped = grpc.unary_unary_rpc_method_handler(
            self.wrap(method, handler.unary_unary),  # type: ignore[arg-type]
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
        self._wrapped[method] = wrapped
        return wrapped

    def wrap(self, method: str, behaviour: _Behaviour) -> _Behaviour:
        """Return a unary method's behaviour with all that every call needs around it."""
        name = method.removeprefix("/")
        callers = allowed_callers().get(method, frozenset())
        seconds = RPC_SECONDS.labels(name)
        succeeded = RPC_HANDLED.labels(name, "ok")

        async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            started = time.monotonic()
            metadata: dict[str, str | bytes] = dict(context.invocation_metadata() or ())
            parent = str(metadata.get("traceparent", ""))
            with telemetry.span(name, "server", parent, _RPC) as traceparent:
                token = None
                try:
                    remaining_s = _remaining_s(context)
                    deadline = started + (remaining_s or DEFAULT_DEADLINE_S)
                    caller = str(metadata.get("soko-service", ""))
                    if caller not in callers or not self._is(caller, context):
                        _log.warning("caller_refused", method=name, caller=caller)
                        raise forbidden()
                    token = request_context.enter(
                        await self._request_context(metadata, caller, traceparent, deadline)
                    )
                    if remaining_s is None:
                        async with asyncio.timeout(DEFAULT_DEADLINE_S):
                            response = await behaviour(request, context)
                    else:
                        # gRPC itself cancels the handler when the client's deadline ends.
                        response = await behaviour(request, context)
                except grpc.aio.AbortError:
                    raise
                except asyncio.CancelledError:
                    RPC_HANDLED.labels(name, "cancelled").inc()
                    # An escaping cancellation would leave a client without a deadline waiting.
                    with contextlib.suppress(Exception):
                        await context.abort(grpc.StatusCode.UNAVAILABLE, "the call was cancelled")
                    raise
                except Exception as error:
                    known = _known(error, name)
                    telemetry.note_error(known)
                    RPC_HANDLED.labels(name, known.kind).inc()
                    await _abort(context, known)
                    raise
                else:
                    succeeded.inc()
                    return response
                finally:
                    seconds.observe(time.monotonic() - started)
                    if token is not None:
                        request_context.leave(token)

        return handle

    def _is(self, caller: str, context: grpc.aio.ServicerContext[Any, Any]) -> bool:
        """Tell whether the caller is who it says it is."""
        return not self._certified or caller.encode() in context.auth_context().get(_NAMES, ())

    async def _request_context(
        self, metadata: Mapping[str, str | bytes], caller: str, traceparent: str, deadline: float
    ) -> RequestContext:
        def text(key: str) -> str:
            return str(metadata.get(key, ""))

        authorization = text("authorization")
        key = text("soko-idempotency-key")
        return RequestContext(
            actor=await self._actor(authorization, caller),
            traceparent=traceparent,
            request_id=text("x-request-id"),
            client_address=text(request_context.CLIENT_ADDRESS),
            deadline=deadline,
            authorization=authorization,
            idempotency=IdempotencyKey(
                scope=text("soko-idempotency-scope"),
                key=key,
                fingerprint=text("soko-idempotency-fingerprint"),
            )
            if key
            else None,
        )

    async def _actor(self, authorization: str, caller: str) -> Actor:
        if authorization and self._verifier is not None:
            return await self._verifier.verify(authorization.removeprefix("Bearer "))
        return GUEST if caller == GATEWAY else Actor(kind="service", service=caller)


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: ServiceError) -> None:
    status = rpc_status.to_status(to_status(error))
    marks = (REPLAYED,) if error.replayed else ()
    await context.abort(
        status.code, status.details or "", (*(status.trailing_metadata or ()), *marks)
    )


def _remaining_s(context: grpc.aio.ServicerContext[Any, Any]) -> float | None:
    """Return the seconds until the client stops waiting, or None if it never does."""
    remaining = context.time_remaining()
    if remaining is None or remaining > _ENDLESS_S:
        return None
    return max(0.001, float(remaining))


def _known(error: Exception, method: str) -> ServiceError:
    """Return what the caller may be told of an error; what is unknown is logged, not told."""
    known = as_service_error(error)
    if known is None and isinstance(error, TimeoutError):
        known = deadline_exceeded()
    if known is None or known.kind == "internal":
        _log.error("rpc_failed", method=method, exc_info=error)
        return ServiceError("internal", "internal", "Something went wrong on our side.")
    _log.debug("rpc_refused", method=method, kind=known.kind, code=known.code)
    return known
