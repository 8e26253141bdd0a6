"""The whole service behind a real gRPC server, with an identity that tests control."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from PIL import Image

from catalog.bootstrap import build
from catalog.entrypoints.event_consumer import SellerEvents
from catalog.entrypoints.jobs import HoldExpiry, StockAnnouncer
from catalog.settings import Settings
from chassis.actor import Actor
from chassis.auth import AccessTokenVerifier
from chassis.clock import SystemClock
from chassis.envelope import Envelope
from chassis.errors import ServiceError, not_found
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.ids import format_id, new_id
from chassis.process import ServiceApp, ServiceContext
from devstack.testing import eventually
from services.catalog.tests.builders import account, make_seller, member, unique
from soko.catalog.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    inventory_pb2,
    inventory_pb2_grpc,
    media_pb2,
    media_pb2_grpc,
)
from soko.common.v1.money_pb2 import Money
from soko.events.v1 import identity_pb2
from soko.identity.v1 import seller_pb2, seller_pb2_grpc

CREATE = catalog_pb2.CreateProductRequest


class Tokens:
    """Stands for the verifier: a token is the name of an actor."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}

    async def verify(self, token: str) -> Actor:
        return self.actors[token]

    def of(self, actor: Actor) -> str:
        self.actors[actor.account_id] = actor
        return actor.account_id


class Identity(seller_pb2_grpc.SellerServiceServicer):
    """Answers for sellers that a test opened."""

    def __init__(self) -> None:
        self.sellers: dict[str, seller_pb2.Seller] = {}

    async def GetSeller(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.id_or_slug not in self.sellers:
            raise not_found()
        return seller_pb2.GetSellerResponse(seller=self.sellers[request.id_or_slug])

    async def GetMembership(self, request: Any, context: Any) -> Any:  # noqa: N802
        return seller_pb2.GetMembershipResponse(role="")


@dataclass
class Client:
    """Calls the service as anybody."""

    app: ServiceApp
    peer: Peer
    orders: Peer
    identity: Identity
    tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        self.catalog = catalog_pb2_grpc.CatalogServiceStub(self.peer.channel)
        self.inventory = inventory_pb2_grpc.InventoryServiceStub(self.peer.channel)
        self.media = media_pb2_grpc.MediaServiceStub(self.peer.channel)

    async def call(self, method: Any, request: Any, by: Actor | None = None, key: str = "") -> Any:
        metadata = [("authorization", f"Bearer {self.tokens.of(by)}")] if by else []
        if key:
            metadata += [
                ("soko-idempotency-scope", "scope"),
                ("soko-idempotency-key", key),
                ("soko-idempotency-fingerprint", "print"),
            ]
        return await self.peer.call(method, request, metadata=metadata, timeout_s=10)

    async def ask(self, method: Any, request: Any) -> Any:
        """Call as the orders service."""
        return await self.orders.call(method, request, timeout_s=10)

    def seller(self) -> tuple[str, Actor]:
        """Open a seller at identity; return its id and its owner."""
        seller = make_seller()
        seller_id = format_id("sel", seller.id)
        message = seller_pb2.Seller(
            id=seller_id,
            slug=seller.slug,
            name=seller.name,
            country="KE",
            currency="KES",
            status="active",
        )
        self.identity.sellers[seller_id] = self.identity.sellers[seller.slug] = message
        return seller_id, member(seller.id)

    async def category(self) -> str:
        request = catalog_pb2.CreateCategoryRequest(name=unique("Category"))
        answer = await self.call(self.catalog.CreateCategory, request, account("admin"))
        return str(answer.category.id)

    async def product(self, seller_id: str, owner: Actor, key: str = "") -> Any:
        request = CREATE(
            seller=seller_id,
            title="Kikoi",
            category_id=await self.category(),
            status="active",
            variants=[new_variant()],
        )
        answer = await self.call(self.catalog.CreateProduct, request, owner, key)
        return answer.product


def new_variant(**values: Any) -> catalog_pb2.NewVariant:
    fields = {
        "sku": unique("sku"),
        "prices": [Money(amount_minor=1000, currency="KES")],
        **values,
    }
    return catalog_pb2.NewVariant(**fields)


async def refusal(call: Awaitable[Any]) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value


async def serve(verifier: Any, listen: str, add: Any) -> grpc.aio.Server:
    server = grpc.aio.server(interceptors=[RequestInterceptor(verifier)])
    add(server)
    server.add_insecure_port(listen)
    await server.start()
    return server


@pytest.fixture
async def client(catalog_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    identity = Identity()  # type: ignore[abstract]  # what the catalog never asks is not answered
    identity_server = await serve(
        None,
        f"unix:{tmp_path}/i.sock",
        lambda server: seller_pb2_grpc.add_SellerServiceServicer_to_server(identity, server),
    )
    settings = Settings(
        secret="x" * 32,
        database_url=catalog_url,
        media_url=(tmp_path / "media").as_uri(),
        identity_target=f"unix:{tmp_path}/i.sock",
    )
    context = ServiceContext("catalog", settings)
    app = await build(context)
    for database in app.databases:
        await database.open()
    target = f"unix:{tmp_path}/c.sock"
    client = Client(
        app,
        Peer("catalog", target, service="gateway"),
        Peer("catalog", target, service="orders"),
        identity,
    )

    def add(server: grpc.aio.Server) -> None:
        for add_to, servicer in app.services:
            add_to(servicer, server)

    server = await serve(cast(AccessTokenVerifier, client.tokens), target, add)
    yield client
    await client.peer.close()
    await client.orders.close()
    await server.stop(0)
    for peer in context.peers:
        await peer.close()
    await identity_server.stop(0)
    for database in app.databases:
        await database.close()


def background(client: Client, kind: type) -> Any:
    return next(work for work in client.app.background if isinstance(work, kind))


async def test_a_seller_that_was_opened_a_moment_ago_can_sell(client: Client) -> None:
    seller_id, owner = client.seller()
    product = await client.product(seller_id, owner)
    assert product.seller.id == seller_id
    answer = await client.call(
        client.catalog.GetProduct, catalog_pb2.GetProductRequest(id_or_slug=product.slug)
    )
    assert answer.product == product
    locations = await client.call(
        client.inventory.ListLocations, inventory_pb2.ListLocationsRequest(seller=seller_id), owner
    )
    assert [location.is_default for location in locations.locations] == [True]


async def test_a_repeated_creation_answers_the_same_product(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(
        seller=seller_id,
        title="Once",
        category_id=await client.category(),
        variants=[new_variant()],
    )
    key = unique("key")
    first = await client.call(client.catalog.CreateProduct, request, owner, key)
    again = await client.call(client.catalog.CreateProduct, request, owner, key)
    assert again == first


async def test_a_creation_whose_answer_was_lost_is_not_done_twice(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(
        seller=seller_id,
        title="Once",
        category_id=await client.category(),
        variants=[new_variant()],
    )
    key = unique("key")
    first = await client.call(client.catalog.CreateProduct, request, owner, key)
    database = client.app.databases[-1]
    await database.execute("DELETE FROM idempotency_key WHERE key = %(key)s", {"key": key})
    again = await client.call(client.catalog.CreateProduct, request, owner, key)
    assert again == first


async def test_wrong_requests_say_where_they_are_wrong(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(seller=seller_id, title="", category_id="cat_1", variants=[new_variant()])
    refused = await refusal(client.call(client.catalog.CreateProduct, request, owner))
    assert (refused.kind, refused.code) == ("invalid", "validation_failed")
    assert [violation.pointer for violation in refused.violations] == ["/category_id"]


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CreateCategory", catalog_pb2.CreateCategoryRequest(name="X")),
        ("CreateProduct", CREATE(seller="x")),
        ("UpdateProduct", catalog_pb2.UpdateProductRequest(id=format_id("prd", new_id()))),
        ("RemoveVariant", catalog_pb2.RemoveVariantRequest(id=format_id("var", new_id()))),
    ],
)
async def test_guests_change_nothing(client: Client, method: str, request_: Any) -> None:
    refused = await refusal(client.call(getattr(client.catalog, method), request_))
    assert refused.kind in {"unauthenticated", "not_found"}


async def test_stock_is_the_members_business(client: Client) -> None:
    seller_id, owner = client.seller()
    variant = (await client.product(seller_id, owner)).variants[0].id
    put = inventory_pb2.SetStockRequest(variant_id=variant, on_hand=3, expected_version=0)
    get = inventory_pb2.GetStockRequest(variant_id=variant)
    assert (await refusal(client.call(client.inventory.SetStock, put))).kind == "unauthenticated"
    stranger = account()
    for method, request in ((client.inventory.SetStock, put), (client.inventory.GetStock, get)):
        assert (await refusal(client.call(method, request, stranger))).kind == "not_found"
    answer = await client.call(client.inventory.SetStock, put, owner)
    assert (answer.stock.on_hand, answer.stock.version) == (3, 1)
    assert (await refusal(client.call(client.inventory.SetStock, put, owner))).kind == "stale"
    too_many = inventory_pb2.SetStockRequest(variant_id=variant, on_hand=2**40)
    assert (
        await refusal(client.call(client.inventory.SetStock, too_many, owner))
    ).kind == "invalid"


async def test_an_order_reserves_commits_and_releases(client: Client) -> None:
    seller_id, owner = client.seller()
    variant = (await client.product(seller_id, owner)).variants[0].id
    await client.call(
        client.inventory.SetStock,
        inventory_pb2.SetStockRequest(variant_id=variant, on_hand=3),
        owner,
    )
    inventory = inventory_pb2_grpc.InventoryServiceStub(client.orders.channel)
    order, line = format_id("ord", new_id()), format_id("item", new_id())
    request = inventory_pb2.ReserveRequest(
        order_id=order,
        lines=[
            inventory_pb2.ReserveLine(
                line_id=line,
                variant_id=variant,
                quantity=2,
                unit_price=Money(amount_minor=1000, currency="KES"),
            )
        ],
    )
    request.expires_at.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    assert (
        await refusal(client.call(client.inventory.Reserve, request, owner))
    ).kind == "forbidden"
    hold = await client.ask(inventory.Reserve, request)
    assert [(held.line_id, held.variant_id, held.quantity) for held in hold.lines] == [
        (line, variant, 2)
    ]
    assert hold.expires_at == request.expires_at
    second = inventory_pb2.ReserveRequest()
    second.CopyFrom(request)
    second.order_id = format_id("ord", new_id())
    refused = await refusal(client.ask(inventory.Reserve, second))
    assert refused.code == "out_of_stock"
    assert refused.extra["lines"] == [{"variant_id": variant, "requested": 2, "available": 1}]
    commit = inventory_pb2.CommitRequest(order_ids=[order, second.order_id])
    assert list((await client.ask(inventory.Commit, commit)).missing_order_ids) == [second.order_id]
    await client.ask(inventory.Release, inventory_pb2.ReleaseRequest(order_ids=[order]))
    get = inventory_pb2.GetStockRequest(variant_id=variant)
    assert (await client.call(client.inventory.GetStock, get, owner)).stock.available == 3
    assert (await refusal(client.ask(inventory.Reserve, request))).code == "order_closed"


async def test_services_alone_ship_and_take_back(client: Client) -> None:
    seller_id, owner = client.seller()
    variant = (await client.product(seller_id, owner)).variants[0].id
    await client.call(
        client.inventory.SetStock,
        inventory_pb2.SetStockRequest(variant_id=variant, on_hand=3),
        owner,
    )
    inventory = inventory_pb2_grpc.InventoryServiceStub(client.orders.channel)
    order, line = format_id("ord", new_id()), format_id("item", new_id())
    reserve = inventory_pb2.ReserveRequest(order_id=order)
    reserve.lines.add(line_id=line, variant_id=variant, quantity=2).unit_price.CopyFrom(
        Money(amount_minor=1000, currency="KES")
    )
    reserve.expires_at.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
    await client.ask(inventory.Reserve, reserve)
    ship = inventory_pb2.ShipRequest(shipment_id=format_id("shp", new_id()), order_id=order)
    for _ in range(2):
        ship.lines.add(line_id=line, quantity=1)
    assert (await refusal(client.ask(inventory.Ship, ship))).code == "not_allocated"
    await client.ask(inventory.Commit, inventory_pb2.CommitRequest(order_ids=[order]))
    assert (await refusal(client.call(client.inventory.Ship, ship, owner))).kind == "forbidden"
    await client.ask(inventory.Ship, ship)
    get = inventory_pb2.GetStockRequest(variant_id=variant)
    left = (await client.call(client.inventory.GetStock, get, owner)).stock
    assert (left.on_hand, left.reserved) == (1, 0)
    back = inventory_pb2.TakeBackRequest(shipment_id=ship.shipment_id)
    assert (await refusal(client.call(client.inventory.TakeBack, back, owner))).kind == "forbidden"
    await client.ask(inventory.TakeBack, back)
    assert (await client.call(client.inventory.GetStock, get, owner)).stock.on_hand == 3
    empty = inventory_pb2.ShipRequest(shipment_id=format_id("shp", new_id()), order_id=order)
    assert (await refusal(client.ask(inventory.Ship, empty))).code == "validation_failed"


async def test_a_cart_asks_for_variants_and_unknown_ones_are_left_out(client: Client) -> None:
    seller_id, owner = client.seller()
    variant = (await client.product(seller_id, owner)).variants[0].id
    catalog = catalog_pb2_grpc.CatalogServiceStub(client.orders.channel)
    ids = [format_id("var", new_id()), "nonsense", variant]
    answer = await client.ask(catalog.GetVariants, catalog_pb2.GetVariantsRequest(variant_ids=ids))
    assert [each.variant_id for each in answer.variants] == [variant]
    assert answer.variants[0].prices[0] == Money(amount_minor=1000, currency="KES")
    many = catalog_pb2.GetVariantsRequest(variant_ids=[variant] * 201)
    assert (await refusal(client.ask(catalog.GetVariants, many))).kind == "invalid"


async def test_a_picture_is_stored_and_served_in_three_sizes(client: Client) -> None:
    seller_id, owner = client.seller()
    product = await client.product(seller_id, owner)
    out = io.BytesIO()
    Image.new("RGB", (800, 400), "teal").save(out, "PNG")
    request = media_pb2.AddMediaRequest(
        product_id=product.id, content=out.getvalue(), alt="A teal field"
    )
    key = unique("key")
    media = (await client.call(client.media.AddMedia, request, owner, key)).media
    assert (await client.call(client.media.AddMedia, request, owner, key)).media == media
    shown = await client.call(
        client.catalog.GetProduct, catalog_pb2.GetProductRequest(id_or_slug=product.id)
    )
    assert [each.alt for each in shown.product.media] == ["A teal field"]
    assert shown.product.version == 2
    listed = await client.call(
        client.catalog.ListProducts, catalog_pb2.ListProductsRequest(seller=seller_id)
    )
    assert listed.items[0].media.id == media.id
    rendition = media_pb2.GetRenditionRequest(id=media.id, rendition="card")
    answer = await client.call(client.media.GetRendition, rendition)
    assert answer.content_type == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (600, 300)
    assert (await client.call(client.media.GetRendition, rendition)).etag == answer.etag
    for wrong in (
        media_pb2.GetRenditionRequest(id=media.id, rendition="../../etc/passwd"),
        media_pb2.GetRenditionRequest(id=format_id("med", new_id()), rendition="card"),
    ):
        assert (await refusal(client.call(client.media.GetRendition, wrong))).kind == "not_found"
    huge = media_pb2.AddMediaRequest(product_id=product.id, content=b"x" * (3 * 1024 * 1024 + 1))
    refused = await refusal(client.call(client.media.AddMedia, huge, owner))
    assert refused.code == "media_too_large"


async def test_the_tree_of_categories_is_shown_by_name(client: Client) -> None:
    parent = await client.category()
    for name in ("Zebra", "Ant"):
        await client.call(
            client.catalog.CreateCategory,
            catalog_pb2.CreateCategoryRequest(name=f"{name} {unique('')}", parent_id=parent),
            account("admin"),
        )
    tree = await client.call(client.catalog.ListCategories, catalog_pb2.ListCategoriesRequest())
    [found] = [category for category in tree.categories if category.id == parent]
    assert [child.name.split()[0] for child in found.children] == ["Ant", "Zebra"]


async def test_what_moved_is_announced_soon(client: Client) -> None:
    seller_id, owner = client.seller()
    variant = (await client.product(seller_id, owner)).variants[0].id
    announcer = background(client, StockAnnouncer)
    stop = asyncio.Event()
    running = asyncio.create_task(announcer.run(stop))
    await client.call(
        client.inventory.SetStock,
        inventory_pb2.SetStockRequest(variant_id=variant, on_hand=3),
        owner,
    )

    async def listed() -> bool:
        answer = await client.call(
            client.catalog.ListProducts,
            catalog_pb2.ListProductsRequest(seller=seller_id, in_stock=True),
        )
        return len(answer.items) == 1

    await eventually(listed)  # type: ignore[arg-type]
    stop.set()
    await running


async def test_the_expiry_job_ends_with_its_process(client: Client) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(background(client, HoldExpiry).run(stop))
    stop.set()
    await running


async def test_sellers_events_are_recorded_whatever_their_order(client: Client) -> None:
    seller = make_seller()
    database = client.app.databases[-1]
    from catalog.adapters.sellers import PostgresSellers

    handler = SellerEvents(PostgresSellers, SystemClock())

    def state(name: str) -> identity_pb2.SellerState:
        return identity_pb2.SellerState(
            id=format_id("sel", seller.id),
            slug=seller.slug,
            name=name,
            country="KE",
            currency="KES",
            status="active",
        )

    def envelope(sequence: int, message: Any) -> Envelope:
        return Envelope(
            new_id(), "", "", datetime.now(UTC), "", sequence, "", message.SerializeToString()
        )

    async with database.transaction() as session:
        updated = identity_pb2.SellerUpdated(seller=state("New"))
        await handler.updated(envelope(2, updated), session)
        opened = identity_pb2.SellerOpened(seller=state("Old"))
        await handler.opened(envelope(1, opened), session)
    rows = await database.fetch_all(
        "SELECT s.name, l.is_default FROM seller s JOIN location l ON l.seller_id = s.id"
        " WHERE s.id = %(id)s",
        {"id": seller.id},
    )
    assert rows == [{"name": "New", "is_default": True}]
