"""Carriers' webhooks and the stock of parcels: stored first, done until it is done."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.ids import parse_id
from devstack.testing import eventually
from orders.domain.webhook_signature import sign
from services.orders.tests.builders import an_id
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import World, a_world, refusal
from services.orders.tests.integration.test_shipment_calls import Sale, read, ship, sold, tell
from soko.orders.v1 import fulfilment_pb2 as pb

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def world(orders_url: str) -> AsyncIterator[World]:
    async with a_world(orders_url, carrier_secrets=f"posta={SECRET}") as world:
        yield world


def update(tracking_number: str, status: str = "delivered", **values: Any) -> Any:
    """Return a signed webhook; ``body`` stands for any bytes that carriers send."""
    values = {
        "body": b'{"any": "body"}',
        "webhook_id": an_id("msg"),
        "webhook_timestamp": str(int(time.time())),
        "event_id": an_id("e"),
        "tracking_number": tracking_number,
        "carrier": "Posta",
        "status": status,
        **values,
    }
    signature = sign(values["body"], values["webhook_id"], values["webhook_timestamp"], SECRET)
    values.setdefault("webhook_signature", signature)
    request = pb.ReceiveCarrierUpdateRequest(**values)
    request.occurred_at.GetCurrentTime()
    return request


async def receive(world: World, request: Any) -> None:
    await world.call(world.fulfilment.ReceiveCarrierUpdate, request)


async def status_becomes(world: World, sale: Sale, *statuses: str) -> None:
    async def arrived() -> bool:
        order = await read(world, sale)
        return [shipment.status for shipment in order.shipments] == list(statuses)

    await eventually(arrived)


async def test_a_carrier_s_update_reaches_the_parcel_once(world: World) -> None:
    sale = await sold(world)
    number = an_id("n")
    await ship(world, sale, tracking_number=number)
    moving = update(number, "in_transit", location="Mombasa")
    await receive(world, moving)
    await status_becomes(world, sale, "in_transit")
    assert (await refusal(receive(world, moving))).code == "webhook_already_received"
    again = update(number, "returned", event_id=moving.event_id)
    assert (await refusal(receive(world, again))).code == "webhook_already_received"
    await receive(world, update(number, "delivered"))
    await status_becomes(world, sale, "delivered")
    order = await read(world, sale)
    assert order.status == "completed"
    assert [event.location for event in order.shipments[0].events] == ["", "Mombasa", ""]


async def test_an_update_that_comes_before_its_parcel_waits_for_it(world: World) -> None:
    sale = await sold(world)
    number = an_id("n")
    early = update(number, "in_transit")
    await receive(world, early)

    async def tried() -> bool:
        return (
            await world.count(
                "carrier_update WHERE event_id = %(id)s AND attempts > 0"
                " AND next_attempt_at IS NOT NULL",
                id=early.event_id,
            )
            == 1
        )

    await eventually(tried)
    await ship(world, sale, tracking_number=number)
    await status_becomes(world, sale, "in_transit")


async def test_only_the_carrier_s_own_fresh_webhooks_are_stored(world: World) -> None:
    number = an_id("n")
    old = str(int(time.time()) - 301)
    for request, code in (
        (update(number, webhook_signature="v1,bm8="), "signature_invalid"),
        (update(number, webhook_signature=""), "signature_invalid"),
        (update(number, carrier="dhl"), "signature_invalid"),
        (update(number, webhook_timestamp=old), "signature_expired"),
    ):
        error = await refusal(receive(world, request))
        assert (error.kind, error.code) == ("unauthenticated", code)
    for values in ({"status": "lost"}, {"event_id": ""}, {"event_id": "x" * 201}):
        assert (await refusal(receive(world, update(number, **values)))).kind == "invalid"
    assert (await refusal(receive(world, update("")))).kind == "invalid"
    assert await world.count("carrier_update WHERE tracking_number = %(n)s", n=number) == 0


async def test_stock_leaves_in_the_end_although_catalog_was_away(world: World) -> None:
    sale = await sold(world)
    world.catalog.faults.plan("ship", Faults.LOST, Faults.ANSWER_LOST)
    shipment = await ship(world, sale)

    async def told() -> bool:
        return (
            await world.count(
                "shipment WHERE order_id = (SELECT id FROM orders WHERE number ="
                " %(number)s) AND stock_step = 'shipped'",
                number=sale.order.number,
            )
            == 1
        )

    await eventually(told)
    assert world.catalog.shipped == {shipment.id: (sale.order.id, 1)}
    assert world.catalog.calls.count("ship") >= 3


async def test_a_parcel_that_comes_back_before_catalog_heard_of_it_does_both(world: World) -> None:
    sale = await sold(world)
    world.catalog.faults.plan("ship", Faults.LOST)
    shipment = await ship(world, sale)
    await tell(world, sale, shipment, "returned")

    async def back() -> bool:
        return shipment.id in world.catalog.returned

    await eventually(back)
    assert (await read(world, sale)).fulfilment_status == "returned"


async def test_stock_of_a_killed_process_is_moved_by_another(world: World) -> None:
    sale = await sold(world)
    shipment = await ship(world, sale)

    async def left() -> bool:
        return shipment.id in world.catalog.shipped

    async def noted() -> bool:
        row = await world.db.fetch_one(
            "SELECT stock_step FROM shipment WHERE id = %(id)s",
            {"id": parse_id("shp", shipment.id)},
        )
        return row is not None and row["stock_step"] == "shipped"

    await eventually(noted)
    # As if the process had died between shipping and telling catalog, or before noting its answer.
    await world.db.execute(
        "UPDATE shipment SET stock_step = 'shipping', stock_next_at = now() WHERE id = %(id)s",
        {"id": parse_id("shp", shipment.id)},
    )
    world.catalog.shipped.clear()
    await eventually(left)
