"""A real server and a real channel over a unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis import context as request_context
from chassis.context import RequestContext, current, remaining_s
from chassis.errors import ServiceError, conflict, unavailable
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from devstack.nats import free_port
from devstack.testing import eventually
from soko.identity.v1 import key_pb2, key_pb2_grpc

Behaviour = Callable[[], Awaitable[str]]


class KeyServicer(key_pb2_grpc.KeyServiceServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    async def GetJwks(self, request: Any, context: Any) -> key_pb2.GetJwksResponse:  # noqa: N802
        context.set_trailing_metadata((("soko-idempotent-replayed", "1"),))
        return key_pb2.GetJwksResponse(jwks_json=await self.behaviour())


@contextlib.asynccontextmanager
async def serving(place: Path | str, behaviour: Behaviour) -> AsyncIterator[grpc.aio.Server]:
    server = grpc.aio.server(interceptors=[RequestInterceptor(None)])
    key_pb2_grpc.add_KeyServiceServicer_to_server(KeyServicer(behaviour), server)
    server.add_insecure_port(place if isinstance(place, str) else f"unix:{place}")
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


@contextlib.asynccontextmanager
async def calling(
    path: Path, service: str = "orders"
) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    peer = Peer("identity", f"unix:{path}", service=service)
    stub = key_pb2_grpc.KeyServiceStub(peer.channel)

    async def call(**options: Any) -> str:
        answer = await peer.call(stub.GetJwks, key_pb2.GetJwksRequest(), **options)
        return answer.jwks_json

    try:
        yield call
    finally:
        await peer.close()


async def refusal(call: Awaitable[str]) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value


async def test_a_business_error_arrives_as_it_was_raised(tmp_path: Path) -> None:
    async def refuse() -> str:
        raise conflict("out_of_stock", "Too few.", lines=[{"requested": 2}])

    async with serving(tmp_path / "s", refuse), calling(tmp_path / "s") as call:
        error = await refusal(call())
    assert (error.kind, error.code, error.detail) == ("conflict", "out_of_stock", "Too few.")
    assert error.extra == {"lines": [{"requested": 2}]}


async def test_an_unforeseen_error_tells_nothing(tmp_path: Path) -> None:
    async def fail() -> str:
        raise ValueError("a secret")

    async with serving(tmp_path / "s", fail), calling(tmp_path / "s") as call:
        error = await refusal(call())
    assert error.kind == "internal"
    assert "secret" not in error.detail


async def test_a_missing_peer_is_unavailable_at_once_and_named(tmp_path: Path) -> None:
    async with calling(tmp_path / "nobody") as call:
        error = await refusal(call(retry=True))
    assert error.kind == "unavailable"
    assert error.extra["service"] == "identity"


async def test_a_peer_that_never_answers_times_out_and_is_named(tmp_path: Path) -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    async with serving(tmp_path / "s", hang), calling(tmp_path / "s") as call:
        error = await refusal(call(timeout_s=0.1))
    assert error.kind == "timeout"
    assert error.extra["service"] == "identity"


async def test_a_peer_that_hangs_up_at_the_deadline_timed_out(tmp_path: Path) -> None:
    async def hang_up() -> str:
        raise unavailable("identity")

    async with serving(tmp_path / "s", hang_up), calling(tmp_path / "s") as call:
        error = await refusal(call(timeout_s=0.05))
    assert error.kind == "timeout"


async def test_the_deadline_of_the_request_bounds_the_calls_it_makes(tmp_path: Path) -> None:
    async def tell() -> str:
        return str(remaining_s())

    async with serving(tmp_path / "s", tell), calling(tmp_path / "s") as call:
        deadline = asyncio.get_running_loop().time() + 1.0
        token = request_context.enter(RequestContext(deadline=deadline))
        try:
            assert 0 < float(await call(timeout_s=100)) < 2.0
        finally:
            request_context.leave(token)


async def test_a_server_that_stops_in_mid_call_is_unavailable(tmp_path: Path) -> None:
    started = asyncio.Event()
    begun = 0

    async def hang() -> str:
        nonlocal begun
        begun += 1
        started.set()
        await asyncio.Event().wait()
        return ""

    async with serving(tmp_path / "s", hang) as server, calling(tmp_path / "s") as call:
        waiting = asyncio.create_task(call(timeout_s=5))
        await started.wait()
        await server.stop(0)
        async with serving(tmp_path / "s", hang):
            error = await refusal(waiting)
    assert error.kind == "unavailable"
    assert begun == 1


async def test_calls_that_an_ending_server_turns_away_are_made_elsewhere() -> None:
    async def answer() -> str:
        await asyncio.sleep(0)
        return "here"

    ports = free_port(), free_port()
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    peer = Peer("identity", target, service="orders")
    stub = key_pb2_grpc.KeyServiceStub(peer.channel)
    made = 0

    async def call_on(stop: asyncio.Event) -> None:
        nonlocal made
        while not stop.is_set():
            await peer.call(stub.GetJwks, key_pb2.GetJwksRequest())
            made += 1

    stop = asyncio.Event()
    async with serving(f"127.0.0.1:{ports[1]}", answer) as staying:
        calls = [asyncio.create_task(call_on(stop)) for _ in range(50)]
        for _ in range(5):
            async with serving(f"127.0.0.1:{ports[0]}", answer) as ending:
                before = made
                await eventually(lambda before=before: made > before + 500)
                await ending.stop(5)
        stop.set()
        await asyncio.gather(*calls)
        await staying.stop(5)
    await peer.close()


async def test_trace_request_id_client_address_and_calling_service_travel(tmp_path: Path) -> None:
    seen: list[RequestContext] = []

    async def look() -> str:
        seen.append(current())
        return ""

    trace_id = "0af7651916cd43dd8448eb211c80319c"
    traceparent = f"00-{trace_id}-b7ad6b7169203331-00"
    async with serving(tmp_path / "s", look), calling(tmp_path / "s") as call:
        token = request_context.enter(
            RequestContext(traceparent=traceparent, request_id="r-1", client_address="203.0.113.9")
        )
        try:
            await call()
        finally:
            request_context.leave(token)
    assert seen[0].traceparent[3:35] == trace_id
    assert (seen[0].request_id, seen[0].client_address) == ("r-1", "203.0.113.9")
    assert (seen[0].actor.kind, seen[0].actor.service) == ("service", "orders")


async def test_trailing_metadata_reaches_the_caller(tmp_path: Path) -> None:
    async def answer() -> str:
        return "{}"

    async with serving(tmp_path / "s", answer):
        peer = Peer("identity", f"unix:{tmp_path / 's'}", service="gateway")
        stub = key_pb2_grpc.KeyServiceStub(peer.channel)
        _, trailers = await peer.call_with_trailers(stub.GetJwks, key_pb2.GetJwksRequest())
        await peer.close()
    assert trailers["soko-idempotent-replayed"] == "1"


@pytest.mark.parametrize("service", ["identity", "auditor", "gateway-itself", "", "orders "])
async def test_a_caller_that_is_not_listed_is_refused(tmp_path: Path, service: str) -> None:
    handled: list[str] = []

    async def answer() -> str:
        handled.append("once")
        return ""

    async with serving(tmp_path / "s", answer), calling(tmp_path / "s", service) as call:
        error = await refusal(call())
    assert (error.kind, error.code, handled) == ("forbidden", "forbidden", [])


async def test_a_method_that_is_not_listed_is_refused_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.grpc_server.allowed_callers", dict)

    async def answer() -> str:
        return ""

    async with serving(tmp_path / "s", answer), calling(tmp_path / "s") as call:
        assert (await refusal(call())).kind == "forbidden"


async def test_what_streams_is_refused(tmp_path: Path) -> None:
    async def answer(request: Any, context: Any) -> AsyncIterator[Any]:
        yield request

    method = "/soko.identity.v1.KeyService/WatchJwks"
    handler = grpc.unary_stream_rpc_method_handler(answer)
    server = grpc.aio.server(interceptors=[RequestInterceptor(None)])
    server.add_registered_method_handlers("soko.identity.v1.KeyService", {"WatchJwks": handler})
    server.add_insecure_port(f"unix:{tmp_path / 's'}")
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path / 's'}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_stream(method)(b"").read()
    await server.stop(0)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
