"""Calls that share a gRPC call: a real server and a real channel over a unix socket."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis import context as request_context
from chassis.context import RequestContext, current
from chassis.errors import ServiceError, conflict
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.shared_calls_server import add_services
from soko.identity.v1 import seller_pb2, seller_pb2_grpc

TOGETHER = "/soko.chassis.v1.CallService/CallTogether"
ALONE = "/soko.identity.v1.SellerService/GetSeller"


class SellerServicer(seller_pb2_grpc.SellerServiceServicer):
    """Answers a seller's name by what the test put down for it; by its id without."""

    def __init__(self) -> None:
        self.behaviours: dict[str, Callable[[], Awaitable[str]]] = {}

    async def GetSeller(self, request: Any, context: Any) -> seller_pb2.GetSellerResponse:  # noqa: N802
        context.set_trailing_metadata((("soko-idempotent-replayed", request.id_or_slug[:9]),))
        behaviour = self.behaviours.get(request.id_or_slug)
        name = request.id_or_slug[:9] if behaviour is None else await behaviour()
        return seller_pb2.GetSellerResponse(seller=seller_pb2.Seller(name=name))


class Counting(RequestInterceptor):
    """Counts the gRPC calls that arrive, by method."""

    def __init__(self) -> None:
        super().__init__(None)
        self.arrived: Counter[str] = Counter()

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        self.arrived[handler_call_details.method] += 1
        return await super().intercept_service(continuation, handler_call_details)


@dataclass
class Running:
    server: grpc.aio.Server
    peer: Peer
    servicer: SellerServicer
    arrived: Counter[str]
    stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self.stub = seller_pb2_grpc.SellerServiceStub(self.peer.channel)

    async def ask(self, name: str, **options: Any) -> str:
        request = seller_pb2.GetSellerRequest(id_or_slug=name)
        answer = await self.peer.call(self.stub.GetSeller, request, **options)
        return str(answer.seller.name)

    async def together(self, *names: str, **options: Any) -> list[Any]:
        """Ask at once, behind a call that is already on its way."""
        calls = (self.ask(name, **options) for name in ("first", *names))
        return (await asyncio.gather(*calls, return_exceptions=True))[1:]


@contextlib.asynccontextmanager
async def running(folder: Path, *, shares: bool = True) -> AsyncIterator[Running]:
    interceptor = Counting()
    server = grpc.aio.server(interceptors=[interceptor])
    servicer = SellerServicer()
    if shares:
        add = seller_pb2_grpc.add_SellerServiceServicer_to_server
        add_services(server, interceptor, [(add, servicer)])
    else:
        seller_pb2_grpc.add_SellerServiceServicer_to_server(servicer, server)
    server.add_insecure_port(f"unix:{folder / 's'}")
    await server.start()
    peer = Peer("identity", f"unix:{folder / 's'}", service="orders")
    try:
        yield Running(server, peer, servicer, interceptor.arrived)
    finally:
        await peer.close()
        await server.stop(0)


async def test_calls_that_meet_share_one_and_get_their_own_answers(tmp_path: Path) -> None:
    names = [f"seller-{number}" for number in range(40)]
    async with running(tmp_path) as stack:
        assert await stack.together(*names) == [name[:9] for name in names]
        assert stack.arrived == {ALONE: 1, TOGETHER: 1}


async def test_calls_one_after_the_other_go_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as stack:
        for name in ("a", "b", "c"):
            assert await stack.ask(name) == name
        assert stack.arrived == {ALONE: 3}


async def test_a_large_request_goes_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as stack:
        assert await stack.together("x" * 100_000, "small") == ["x" * 9, "small"]
        assert stack.arrived[TOGETHER] == 0


async def test_an_error_is_its_own_callers_alone(tmp_path: Path) -> None:
    async def refuse() -> str:
        raise conflict("out_of_stock", "Too few.", lines=[{"requested": 2}])

    async def fail() -> str:
        raise ValueError("a secret")

    async with running(tmp_path) as stack:
        stack.servicer.behaviours = {"refused": refuse, "failing": fail}
        fine, refused, failing = await stack.together("fine", "refused", "failing")
    assert fine == "fine"
    assert isinstance(refused, ServiceError)
    assert (refused.kind, refused.code, refused.detail) == ("conflict", "out_of_stock", "Too few.")
    assert refused.extra == {"lines": [{"requested": 2}]}
    assert failing.kind == "internal"
    assert "secret" not in failing.detail


async def test_each_call_has_its_own_context_and_trailers(tmp_path: Path) -> None:
    seen: dict[str, RequestContext] = {}

    async def note() -> str:
        seen[current().request_id] = current()
        return ""

    async def ask(name: str) -> str:
        request_context.enter(RequestContext(request_id=name))
        request = seller_pb2.GetSellerRequest(id_or_slug=name)
        _, trailers = await stack.peer.call_with_trailers(stack.stub.GetSeller, request)
        return trailers["soko-idempotent-replayed"]

    async with running(tmp_path) as stack:
        stack.servicer.behaviours = {"one": note, "two": note}
        tasks = [asyncio.create_task(ask(name)) for name in ("first", "one", "two")]
        assert await asyncio.gather(*tasks) == ["first", "one", "two"]
        assert stack.arrived[TOGETHER] == 1
    assert {context.actor.service for context in seen.values()} == {"orders"}
    assert seen["one"].traceparent[3:35] != seen["two"].traceparent[3:35]


async def test_a_slow_call_holds_nobody_up(tmp_path: Path) -> None:
    answered = asyncio.Event()

    async def wait() -> str:
        await answered.wait()
        return "slow"

    async with running(tmp_path) as stack:
        stack.servicer.behaviours["slow"] = wait
        calls = [asyncio.create_task(stack.ask(name)) for name in ("first", "slow", "quick")]
        assert await calls[2] == "quick"
        assert not calls[1].done()
        answered.set()
        assert await calls[1] == "slow"
        assert stack.arrived[TOGETHER] == 1


async def test_each_call_has_its_own_deadline(tmp_path: Path) -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    async with running(tmp_path) as stack:
        stack.servicer.behaviours["hanging"] = hang
        names = (("first", 3.0), ("hanging", 0.1), ("patient", 3.0))
        calls = [asyncio.create_task(stack.ask(name, timeout_s=s)) for name, s in names]
        assert await calls[2] == "patient"
        with pytest.raises(ServiceError) as late:
            await calls[1]
    assert (late.value.kind, late.value.extra["service"]) == ("timeout", "identity")


async def test_the_server_ends_a_call_at_its_deadline(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def hang() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async with running(tmp_path) as stack:
        stack.servicer.behaviours["hanging"] = hang
        await stack.together("hanging", timeout_s=0.1)
        await ended.wait()


async def test_a_server_that_stops_is_unavailable_to_all(tmp_path: Path) -> None:
    started = asyncio.Barrier(3)

    async def hang() -> str:
        await started.wait()
        await asyncio.Event().wait()
        return ""

    async with running(tmp_path) as stack:
        stack.servicer.behaviours = {"a": hang, "b": hang}
        waiting = asyncio.create_task(stack.together("a", "b", timeout_s=5))
        await started.wait()
        await stack.server.stop(0)
        assert [error.kind for error in await waiting] == ["unavailable"] * 2


async def test_a_server_that_does_not_know_of_it_gets_each_call(tmp_path: Path) -> None:
    async with running(tmp_path, shares=False) as stack:
        assert await stack.together("a", "b", "c") == ["a", "b", "c"]
        assert await stack.together("d", "e") == ["d", "e"]
        assert stack.arrived == {ALONE: 7, TOGETHER: 1}


async def test_each_shared_call_is_checked_for_its_caller(tmp_path: Path) -> None:
    async with running(tmp_path) as stack:
        names = [("soko-service", "orders")], [("soko-service", "notifications")]
        calls = [stack.ask("first"), *(stack.ask("x", metadata=each) for each in names)]
        _, listed, unlisted = await asyncio.gather(*calls, return_exceptions=True)
        assert stack.arrived == {ALONE: 1, TOGETHER: 1}
    assert (listed, unlisted.kind) == ("x", "forbidden")
