"""The client side of every RPC: always a deadline, the context passed on, errors mapped."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from chassis.context import CLIENT_ADDRESS, RequestContext, current
from chassis.errors import from_rpc_error, timed_out
from chassis.grpc_server import MAX_MESSAGE_BYTES
from chassis.logs import get_logger
from chassis.shared_calls_client import SharedChannel, SharedMethod
from chassis.telemetry import span
from chassis.tls import TlsFiles, is_local

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

_RETRIES = 2
_RETRY_BASE_S = 0.05
_LOOK_AGAIN_S = 30.0
"""How often it is looked for another certificate."""
_TIMER_SLACK_S = 0.05
"""How far apart two processes' timers may see one deadline."""
_log = get_logger(__name__)
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # By default 30 s: replicas that all were replaced within it would be away for the rest of it.
    ("grpc.dns_min_time_between_resolutions_ms", 2000),
    ("grpc.lb_policy_name", "round_robin"),
    # Without a policy, only what the peer's connection says it never looked at is sent again.
    ("grpc.enable_retries", 1),
)


class Peer:
    """A channel to another service.

    ``name`` is the peer, as errors name it; ``service`` is the caller; ``target`` is a gRPC name
    such as ``unix:/run/soko/orders.sock`` or ``dns:///orders:50051``. With ``tls`` the peer has to
    show a certificate of its name, except on a unix socket; certificates that are replaced on disk
    are taken up by new connections.
    """

    def __init__(
        self,
        name: str,
        target: str,
        *,
        service: str,
        default_timeout_s: float = 3.0,
        tls: TlsFiles | None = None,
    ) -> None:
        self.name = name
        self._tls = None if tls is None or is_local(target) else tls
        self._tls_stamp: tuple[int, ...] = ()
        self._look_at = 0.0
        options: Sequence[tuple[str, Any]] = CHANNEL_OPTIONS
        credentials = None
        if self._tls is not None:
            # The name is what is expected of the server, whatever its address is called.
            options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", name))
            self._tls_stamp = self._tls.stamp()
            credentials = self._tls.channel_credentials()
        self.channel = SharedChannel(target, options, credentials)
        self._service = service
        self._default_timeout_s = default_timeout_s
        self._attributes = {"rpc.system.name": "grpc", "server.address": name}

    async def close(self) -> None:
        """Close the channel; calls under way end as unavailable."""
        await self.channel.close()

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout_s: float | None = None,
        retry: bool = False,
        forward_actor: bool = False,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> Response:
        """Return the answer of a call.

        The deadline is ``timeout_s`` or what is left of the request that is being handled,
        whichever ends first. A call that its server ended before it began is repeated elsewhere;
        ``retry`` repeats any that found nobody, twice at most: only for calls that may run twice.
        ``forward_actor`` passes the user's own token on.
        Raises ServiceError: the peer's own error, ``unavailable`` or ``timeout`` with the peer's
        name in ``extra``.
        """
        response, _ = await self.call_with_trailers(
            method,
            request,
            timeout_s=timeout_s,
            retry=retry,
            forward_actor=forward_actor,
            metadata=metadata,
        )
        return response

    async def call_with_trailers(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout_s: float | None = None,
        retry: bool = False,
        forward_actor: bool = False,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> tuple[Response, Mapping[str, str]]:
        """Do as ``call`` and return the answer's trailing metadata too."""
        context = current()
        now = time.monotonic()
        if self._tls is not None and now >= self._look_at:
            self._renew(self._tls)
            self._look_at = now + _LOOK_AGAIN_S
        deadline = now + (timeout_s or self._default_timeout_s)
        if context.deadline is not None:
            deadline = min(deadline, context.deadline)
        # Stubs are made on this channel.
        shared = cast(SharedMethod[Request, Response], method)
        with span(shared.name[1:], "client", context.traceparent, self._attributes) as traceparent:
            sent = self._metadata(context, traceparent, forward_actor, metadata)
            attempt = 0
            while True:
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise timed_out(self.name)
                try:
                    response, trailing = await self.channel.gatherer.call(
                        shared,
                        request,
                        remaining,
                        sent,
                    )
                except TimeoutError:
                    raise timed_out(self.name) from None
                except grpc.aio.AioRpcError as error:
                    failure = from_rpc_error(error, self.name)
                    if failure.kind == "unavailable" and _at_its_end(deadline):
                        # The peer saw the deadline first and hung up.
                        raise timed_out(self.name) from None
                    again = retry or _never_began(error)
                    if not (again and failure.kind == "unavailable" and attempt < _RETRIES):
                        raise failure from None
                    await _back_off(attempt, deadline)
                    attempt += 1
                else:
                    return response, _trailers(trailing)

    def _renew(self, tls: TlsFiles) -> None:
        """Open another channel when the certificate was replaced."""
        try:
            stamp = tls.stamp()
            if stamp == self._tls_stamp:
                return
            self.channel.renew(tls.channel_credentials())
        except OSError as error:
            _log.warning("certificate_unreadable", peer=self.name, error=str(error))
        else:
            self._tls_stamp = stamp

    def _metadata(
        self,
        context: RequestContext,
        traceparent: str,
        forward_actor: bool,
        extra: Sequence[tuple[str, str]],
    ) -> list[tuple[str, str]]:
        sent = [("soko-service", self._service), ("traceparent", traceparent), *extra]
        if context.request_id:
            sent.append(("x-request-id", context.request_id))
        if context.client_address:
            sent.append((CLIENT_ADDRESS, context.client_address))
        if forward_actor and context.authorization:
            sent.append(("authorization", context.authorization))
        return sent


def _never_began(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether a server that ends turned a call away.

    gRPC's server says so of calls that reach it before their client has heard that it ends. Calls
    that have begun go on; cut off at last, they are ``UNAVAILABLE``.
    """
    return error.code() is grpc.StatusCode.CANCELLED


def _at_its_end(deadline: float) -> bool:
    return time.monotonic() >= deadline - _TIMER_SLACK_S


async def _back_off(attempt: int, deadline: float) -> None:
    pause_s = _RETRY_BASE_S * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - chance only
    await asyncio.sleep(min(pause_s, max(0.0, deadline - time.monotonic())))


def _trailers(metadata: object) -> Mapping[str, str]:
    if not metadata:
        return {}
    return {str(key): str(value) for key, value in metadata}  # type: ignore[attr-defined]
