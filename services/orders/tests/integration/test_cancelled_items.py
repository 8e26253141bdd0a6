"""Cancelling what a seller cannot deliver, over gRPC: who may, of what, and what meets what."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.ids import format_id, parse_id
from devstack.testing import eventually
from services.orders.tests.builders import an_id
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import World, refusal
from services.orders.tests.integration.test_shipment_calls import (
    Sale,
    all_of,
    codes,
    read,
    ship,
    sold,
    told,
)
from soko.events.v1 import orders_pb2 as events
from soko.orders.v1 import fulfilment_pb2, order_pb2


async def cancel(
    world: World,
    sale: Sale,
    *units: tuple[str, int],
    by: str | None = None,
    key: str = "",
    **values: Any,
) -> order_pb2.Order:
    items = [fulfilment_pb2.ShipmentItem(item_id=line, quantity=n) for line, n in units]
    request = order_pb2.CancelItemsRequest(
        seller_order_id=sale.order.seller_orders[0].id,
        items=items,
        reason=values.pop("reason", "damaged"),
        **values,
    )
    by = sale.member if by is None else by
    return (await world.call(world.orders.CancelItems, request, by=by, key=key)).order


async def stock_steps(world: World, sale: Sale) -> list[str]:
    rows = await world.db.fetch_all(
        "SELECT stock_step FROM shipment WHERE order_id = %(id)s",
        {"id": parse_id("ord", sale.order.id)},
    )
    return [row["stock_step"] for row in rows]


def refunds(world: World, sale: Sale) -> list[dict[str, int]]:
    return [units for units in world.payments.refunds.values() if sale.line in units]


async def test_cancelled_units_are_refunded_and_leave_the_stock(world: World) -> None:
    sale = await sold(world, 3, 1)
    seen = await cancel(world, sale, (sale.line, 2))
    assert [item.cancelled_quantity for item in seen.items] == [2, 0]
    assert (seen.status, seen.email) == ("confirmed", "")
    order = await read(world, sale)
    assert order.status == "confirmed"
    assert not order.shipments
    name, payload = (await told(world, sale))[-1]
    assert name == "order_items_cancelled"
    cancelled = events.OrderItemsCancelled.FromString(payload)
    assert [(line.order_line_id, line.quantity) for line in cancelled.lines] == [(sale.line, 2)]
    assert (cancelled.seller_id, cancelled.reason) == (sale.seller, "damaged")

    async def done() -> bool:
        return await stock_steps(world, sale) == ["shipped"]

    await eventually(done)
    assert refunds(world, sale) == [{sale.line: 2}]
    ((shipment_id, (_, units)),) = [
        each for each in world.catalog.shipped.items() if each[1][0] == sale.order.id
    ]
    assert units == 2
    assert shipment_id not in world.catalog.returned
    short = await refusal(ship(world, sale, (sale.line, 2)))
    assert short.code == "quantity_not_shippable"


async def test_units_that_go_on_sale_again_come_back(world: World) -> None:
    sale = await sold(world, 2)
    await cancel(world, sale, (sale.line, 1), restock=True)

    async def done() -> bool:
        return await stock_steps(world, sale) == ["returned"]

    await eventually(done)
    assert refunds(world, sale) == [{sale.line: 1}]
    (shipment_id,) = [
        each for each, (order, _) in world.catalog.shipped.items() if order == sale.order.id
    ]
    assert shipment_id in world.catalog.returned


async def test_a_repetition_cancels_once(world: World) -> None:
    sale = await sold(world, 3)
    key = an_id("k")
    answers = [await cancel(world, sale, (sale.line, 1), key=key) for _ in range(3)]
    assert [each.items[0].cancelled_quantity for each in answers] == [1, 1, 1]
    # As if the process had died between the cancellation and its stored answer.
    await world.db.execute("DELETE FROM idempotency_key WHERE key = %(key)s", {"key": key})
    again = await cancel(world, sale, (sale.line, 1), key=key)
    assert again.items[0].cancelled_quantity == 1


async def test_all_of_an_order_is_cancelled_as_a_whole(world: World) -> None:
    sale = await sold(world, 2)
    await cancel(world, sale, (sale.line, 1))
    key = an_id("k")
    for _ in range(2):
        seen = await cancel(world, sale, reason="sold out", key=key)
        assert (seen.status, seen.cancel_reason) == ("cancelled", "sold out")

    async def given_back() -> bool:
        return await world.step(sale.order) == "cancelled"

    await eventually(given_back)
    assert sale.order.id in world.payments.closed
    assert sale.order.id in world.catalog.closed

    async def nothing_left_to_move() -> bool:
        return await stock_steps(world, sale) == ["shipped"]

    await eventually(nothing_left_to_move)
    late = await refusal(cancel(world, sale))
    assert late.code == "order_not_cancellable"


async def test_parcels_and_cancellations_take_each_unit_once(world: World) -> None:
    sale = await sold(world, 4)
    outcomes = await all_of(
        *(ship(world, sale, (sale.line, 1)) for _ in range(4)),
        *(cancel(world, sale, (sale.line, 1)) for _ in range(4)),
    )
    refused = {"quantity_not_shippable", "quantity_not_cancellable", "order_not_cancellable"}
    assert codes(outcomes) <= refused | {"order_not_shippable", "order_changed"}
    order = await read(world, sale)
    shipped = sum(item.quantity for each in order.shipments for item in each.items)
    done = [each for each in outcomes if not isinstance(each, BaseException)]
    assert shipped + order.items[0].cancelled_quantity == len(done) <= 4


async def test_a_cancellation_of_the_whole_order_meets_one_of_a_part(world: World) -> None:
    for _ in range(4):
        sale = await sold(world, 2)
        whole = world.call(
            world.orders.CancelOrder,
            order_pb2.CancelOrderRequest(order_id=sale.order.id, token=sale.order.token),
        )
        outcomes = await all_of(whole, cancel(world, sale, (sale.line, 1)))
        assert codes(outcomes) <= {"order_not_cancellable"}
        assert (await read(world, sale)).status == "cancelled"


async def test_a_lost_answer_of_payments_or_catalog_is_asked_for_again(world: World) -> None:
    sale = await sold(world, 2)
    world.payments.faults.plan("refund", Faults.LOST, Faults.ANSWER_LOST)
    world.catalog.faults.plan("ship", Faults.ANSWER_LOST)
    await cancel(world, sale, (sale.line, 1))

    async def done() -> bool:
        return await stock_steps(world, sale) == ["shipped"]

    await eventually(done, 30)
    assert refunds(world, sale) == [{sale.line: 1}]


async def test_a_payment_that_goes_back_as_a_whole_is_not_split(world: World) -> None:
    sale = await sold(world, 2)
    world.payments.in_parts = False
    try:
        refused = await refusal(cancel(world, sale, (sale.line, 1)))
    finally:
        world.payments.in_parts = True
    assert refused.code == "partial_refund_unavailable"
    assert (await read(world, sale)).items[0].cancelled_quantity == 0


async def test_only_those_who_ship_cancel(world: World) -> None:
    sale = await sold(world, 2)
    for by, kind in (
        ("", "unauthenticated"),
        (f"{an_id('usr')} buyer", "not_found"),
        (f"{an_id('usr')} buyer {sale.seller}=viewer", "forbidden"),
        (f"{an_id('usr')} operator", "forbidden"),
    ):
        assert (await refusal(cancel(world, sale, by=by))).kind == kind
    nowhere = order_pb2.CancelItemsRequest(seller_order_id=an_id("sor"), reason="x")
    missing = await refusal(world.call(world.orders.CancelItems, nowhere, by=sale.member))
    assert missing.kind == "not_found"


@pytest.mark.parametrize("line", ["item_x", "", an_id("item")])
async def test_impossible_cancellations_are_refused(world: World, line: str) -> None:
    sale = await sold(world, 2)
    assert (await refusal(cancel(world, sale, (line, 1)))).code == "item_unknown"
    many = await refusal(cancel(world, sale, (sale.line, 3)))
    assert (many.code, many.extra["lines"][0]["cancellable"]) == ("quantity_not_cancellable", 2)
    none = await refusal(cancel(world, sale, (sale.line, 0)))
    assert none.code == "invalid_items"


async def test_a_cancellation_is_no_parcel_to_sellers(world: World) -> None:
    sale = await sold(world, 2)
    await cancel(world, sale, (sale.line, 1))
    row = await world.db.fetch_one(
        "SELECT id FROM shipment WHERE order_id = %(id)s", {"id": parse_id("ord", sale.order.id)}
    )
    assert row is not None
    request = fulfilment_pb2.RecordShipmentEventRequest(
        shipment_id=format_id("shp", row["id"]), status="delivered"
    )
    call = world.call(world.fulfilment.RecordShipmentEvent, request, by=sale.member)
    assert (await refusal(call)).kind == "not_found"
