"""Stock, asked of the whole service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from catalog.entrypoints.jobs import HoldExpiry, StockAnnouncer
from chassis.ids import format_id, new_id
from devstack.testing import eventually
from services.catalog.tests.builders import account
from services.catalog.tests.integration.clients import Client, background, refusal
from soko.catalog.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    inventory_pb2,
    inventory_pb2_grpc,
)
from soko.common.v1.money_pb2 import Money


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
