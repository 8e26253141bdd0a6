"""The whole service behind a real gRPC server, on PostgreSQL and fake peers."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis.actor import Actor
from chassis.broker import Broker
from chassis.context import current, enter, leave
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.process import ServiceContext
from orders.bootstrap import build
from orders.entrypoints.due_worker import DueWorker
from orders.entrypoints.settle_worker import SettleWorker
from orders.settings import OrdersSettings
from services.orders.tests.builders import ADDRESS, EMAIL, SECRET, an_id, make_variant
from services.orders.tests.fake_peers import serving_peers
from services.orders.tests.fakes import FakeAccounts, FakeCatalog, FakePayments
from soko.common.v1 import address_pb2
from soko.orders.v1 import (
    cart_pb2,
    cart_pb2_grpc,
    fulfilment_pb2_grpc,
    order_pb2,
    order_pb2_grpc,
    timeline_pb2,
    timeline_pb2_grpc,
)

SHIP_TO = address_pb2.Address(
    name=ADDRESS.name, line1=ADDRESS.line1, city=ADDRESS.city, country=ADDRESS.country
)


class _Verifier:
    """Takes ``usr_... role,role sel_...=role`` for an access token."""

    async def verify(self, token: str) -> Actor:
        account_id, roles, sellers = [*token.split(" "), "", ""][:3]
        memberships = dict(pair.split("=") for pair in sellers.split(",") if pair)
        return Actor(
            kind="account",
            account_id=account_id,
            roles=frozenset(roles.split(",")),
            memberships=memberships,
        )


@dataclass
class World:
    """The service, its peers and a client."""

    catalog: FakeCatalog
    payments: FakePayments
    accounts: FakeAccounts
    settings: OrdersSettings
    target: str = ""
    db: Any = None
    app: Any = None
    peer: Any = None
    carts: Any = None
    checkouts: Any = None
    orders: Any = None
    timelines: Any = None
    fulfilment: Any = None
    calls: dict[str, Any] = field(default_factory=dict)

    async def call(
        self,
        method: Any,
        request: Any,
        *,
        by: str = "",
        key: str = "",
        scope: str = "s",
        service: str = "gateway",
        print_of: str = "",
    ) -> Any:
        """Return the answer; ``by`` is an access token as the verifier above reads it."""
        response, _ = await self.call_with_trailers(
            method, request, by=by, key=key, scope=scope, service=service, print_of=print_of
        )
        return response

    async def call_with_trailers(
        self,
        method: Any,
        request: Any,
        *,
        by: str = "",
        key: str = "",
        scope: str = "s",
        service: str = "gateway",
        print_of: str = "",
    ) -> Any:
        metadata = [("authorization", f"Bearer {by}")] if by else []
        if key:
            body = print_of.encode() or request.SerializeToString()
            metadata += [
                ("soko-idempotency-scope", scope + by),
                ("soko-idempotency-key", key),
                ("soko-idempotency-fingerprint", hashlib.sha256(body).hexdigest()),
            ]
        peer = self.peer if service == "gateway" else self.calls[service]
        return await peer.call_with_trailers(method, request, metadata=metadata, timeout_s=10)

    async def new_cart(self, *items: tuple[str, int], by: str = "", **values: Any) -> Any:
        values.setdefault("email", EMAIL)
        values.setdefault("shipping_address", SHIP_TO)
        request = cart_pb2.CreateCartRequest(
            items=[cart_pb2.NewItem(variant_id=v, quantity=n) for v, n in items], **values
        )
        return (await self.call(self.carts.CreateCart, request, by=by)).cart

    def sold(self, **values: Any) -> str:
        """Put a variant on sale and return its id."""
        variant = make_variant(**values)
        self.catalog.add(variant)
        return variant.id

    async def checkout(
        self,
        cart: Any,
        key: str = "",
        pay: str = "tok_success",
        by: str = "",
        address: str = "",
        **values: Any,
    ) -> Any:
        request = order_pb2.CheckoutRequest(
            cart_id=cart.id,
            token=cart.token,
            payment_method=order_pb2.PaymentMethod(type="sandbox", token=pay),
            **values,
        )
        method = self.checkouts.Checkout
        token = enter(replace(current(), client_address=address))
        try:
            return await self.call(method, request, key=key or an_id("k"), by=by, scope=cart.id)
        finally:
            leave(token)

    async def cart(self, cart: Any, by: str = "") -> Any:
        request = cart_pb2.GetCartRequest(cart_id=cart.id, token=cart.token)
        return (await self.call(self.carts.GetCart, request, by=by)).cart

    async def order(self, order: Any, by: str = "") -> Any:
        request = order_pb2.GetOrderRequest(order_id=order.id, token=order.token)
        return (await self.call(self.orders.GetOrder, request, by=by)).order

    async def timeline(self, order: Any, by: str = "") -> Any:
        request = timeline_pb2.GetTimelineRequest(order_id=order.id, token=order.token)
        return await self.call(self.timelines.GetTimeline, request, by=by)

    async def count(self, sql: str, **params: Any) -> int:
        row = await self.db.fetch_one(f"SELECT count(*) AS n FROM {sql}", params)
        return row["n"]

    async def step(self, order: Any) -> str:
        row = await self.db.fetch_one(
            "SELECT saga_step FROM orders WHERE number = %(number)s", {"number": order.number}
        )
        return row["saga_step"]


@asynccontextmanager
async def serving(world: World, folder: Path, nats_url: str = ""):
    """Serve one replica with its workers; with NATS also its consumer and relay."""
    app = await build(ServiceContext("orders", world.settings))
    [db] = app.databases
    await db.open()
    server = grpc.aio.server(interceptors=[RequestInterceptor(_Verifier())])  # type: ignore[arg-type]
    for add, servicer in app.services:
        add(servicer, server)
    target = f"unix:{folder}/{an_id('o')[-8:]}.sock"
    server.add_insecure_port(target)
    await server.start()
    stop = asyncio.Event()
    wanted = app.background
    if nats_url:
        await app.broker.connect()
    else:
        wanted = [work for work in wanted if isinstance(work, SettleWorker | DueWorker)]
    tasks = [asyncio.create_task(work.run(stop)) for work in wanted]
    peer = Peer("orders", target, service="gateway")
    other = Peer("orders", target, service="notifications")
    world.target, world.db, world.app, world.peer = target, db, app, peer
    world.calls = {"notifications": other}
    world.carts = cart_pb2_grpc.CartServiceStub(peer.channel)
    world.checkouts = order_pb2_grpc.CheckoutServiceStub(peer.channel)
    world.orders = order_pb2_grpc.OrderServiceStub(peer.channel)
    world.timelines = timeline_pb2_grpc.TimelineServiceStub(peer.channel)
    world.fulfilment = fulfilment_pb2_grpc.FulfilmentServiceStub(peer.channel)
    try:
        yield world
    finally:
        await peer.close()
        await other.close()
        await server.stop(None)
        stop.set()
        await asyncio.gather(*tasks)
        if nats_url:
            await app.broker.close()
        await db.close()


@asynccontextmanager
async def a_world(url: str, nats_url: str = "", **settings: Any):
    catalog, payments, accounts = FakeCatalog(), FakePayments(), FakeAccounts()
    # A socket's path may have 107 characters; pytest's folders are longer than that now and then.
    with tempfile.TemporaryDirectory(prefix="soko-o-") as folder:
        async with serving_peers(Path(folder), catalog, payments, accounts) as peers:
            chosen = OrdersSettings(
                secret=SECRET,
                database_url=url,
                catalog_target=peers,
                payments_target=peers,
                identity_target=peers,
                **({"nats_url": nats_url} if nats_url else {}),
                **settings,
            )
            world = World(catalog, payments, accounts, chosen)
            async with serving(world, Path(folder), nats_url):
                yield world


@pytest.fixture
async def world(orders_url: str) -> AsyncIterator[World]:
    async with a_world(orders_url) as world:
        yield world


async def refusal(call: Awaitable[Any]) -> ServiceError:
    """Return the error that a call ends with."""
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value


__all__ = ["Broker", "World", "a_world", "refusal", "serving"]
