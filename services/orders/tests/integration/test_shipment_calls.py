"""Shipping parcels over gRPC: who may, what of, and what meets what."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.errors import ServiceError
from devstack.testing import eventually
from services.orders.tests.builders import an_id
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import World, a_world, refusal
from soko.events.v1 import orders_pb2 as events
from soko.orders.v1 import fulfilment_pb2 as pb
from soko.orders.v1 import order_pb2


@dataclass
class Sale:
    """A confirmed and settled order of one seller, and tokens of people around it."""

    order: Any
    seller: str
    member: str
    """An access token of the seller's fulfilment."""

    @property
    def line(self) -> str:
        return str(self.order.items[0].id)


async def sold(world: World, *quantities: int, pay: str = "tok_success", by: str = "") -> Sale:
    """Sell lines with so many units each; wait until the order is settled."""
    seller = an_id("sel")
    items = [(world.sold(seller_id=seller), n) for n in quantities or (1,)]
    order = (await world.checkout(await world.new_cart(*items, by=by), pay=pay, by=by)).order

    async def settled() -> bool:
        return await world.step(order) == "done"

    await eventually(settled)
    return Sale(order, seller, f"{an_id('usr')} buyer {seller}=fulfilment")


async def ship(
    world: World,
    sale: Sale,
    *units: tuple[str, int],
    by: str | None = None,
    key: str = "",
    **values: Any,
) -> pb.Shipment:
    values.setdefault("carrier", "posta")
    items = [pb.ShipmentItem(item_id=line, quantity=n) for line, n in units or [(sale.line, 1)]]
    request = pb.CreateShipmentRequest(order_id=sale.order.id, items=items, **values)
    by = sale.member if by is None else by
    answer = await world.call(world.fulfilment.CreateShipment, request, by=by, key=key)
    return answer.shipment


async def tell(world: World, sale: Sale, shipment: pb.Shipment, status: str, **values: Any) -> Any:
    by = values.pop("by", sale.member)
    key = values.pop("key", "")
    request = pb.RecordShipmentEventRequest(shipment_id=shipment.id, status=status, **values)
    method = world.fulfilment.RecordShipmentEvent
    return (await world.call(method, request, by=by, key=key)).shipment


async def read(world: World, sale: Sale) -> order_pb2.Order:
    return await world.order(sale.order)


async def told(world: World, sale: Sale) -> list[tuple[str, bytes]]:
    rows = await world.db.fetch_all(
        "SELECT name, payload FROM outbox WHERE aggregate_id = %(id)s ORDER BY sequence",
        {"id": sale.order.id},
    )
    return [(row["name"], row["payload"]) for row in rows]


async def all_of(*calls: Any) -> Sequence[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


def codes(outcomes: Sequence[Any]) -> set[str]:
    return {each.code for each in outcomes if isinstance(each, ServiceError)}


async def test_a_seller_ships_and_everybody_is_told(world: World) -> None:
    sale = await sold(world, 2, 1)
    first, second = (item.id for item in sale.order.items)
    shipment = await ship(world, sale, (first, 1), (first, 1), tracking_number="KE1")
    assert shipment.id.startswith("shp_")
    assert (shipment.order_id, shipment.status) == (sale.order.id, "created")
    assert [(item.item_id, item.quantity) for item in shipment.items] == [(first, 2)]
    assert [event.status for event in shipment.events] == ["created"]
    order = await read(world, sale)
    assert list(order.shipments) == [shipment]
    assert (order.status, order.fulfilment_status) == ("confirmed", "partially_shipped")
    await ship(world, sale, (second, 1))
    assert (await read(world, sale)).fulfilment_status == "shipped"
    payload = dict(reversed(await told(world, sale)))["shipment_created"]
    created = events.ShipmentCreated.FromString(payload)
    assert created.shipment.tracking_number == "KE1"
    assert created.shipment.lines[0].variant_id == sale.order.items[0].variant_id
    assert created.order.fulfilment_status == "partially_shipped"

    async def left() -> bool:
        return world.catalog.shipped.get(shipment.id) == (sale.order.id, 2)

    await eventually(left)


async def test_deliveries_complete_the_order_once(world: World) -> None:
    sale = await sold(world, 2)
    parcels = [await ship(world, sale) for _ in range(2)]
    await tell(world, sale, parcels[0], "delivered", location="Nairobi")
    assert (await read(world, sale)).status == "confirmed"
    last = await tell(world, sale, parcels[1], "delivered")
    late = await tell(world, sale, parcels[1], "in_transit")
    assert (last.status, late.status, len(late.events)) == ("delivered", "delivered", 3)
    order = await read(world, sale)
    assert (order.status, order.fulfilment_status) == ("completed", "delivered")
    assert order.shipments[0].events[1].location == "Nairobi"
    names = [name for name, _ in await told(world, sale)]
    assert names[-3:] == [
        "shipment_status_changed",
        "shipment_status_changed",
        "order_delivered",
    ]
    delivered = events.OrderDelivered.FromString((await told(world, sale))[-1][1])
    assert delivered.seller_order_id == parcels[0].seller_order_id
    assert delivered.seller_id == sale.seller


async def test_a_repetition_ships_once(world: World) -> None:
    sale = await sold(world, 2)
    key = an_id("k")
    first = await ship(world, sale, key=key)
    assert await ship(world, sale, key=key) == first
    # As after a crash between the effect and the stored answer.
    await world.db.execute("DELETE FROM idempotency_key WHERE key = %(key)s", {"key": key})
    assert await ship(world, sale, key=key) == first
    assert len((await read(world, sale)).shipments) == 1
    key = an_id("k")
    heard = await tell(world, sale, first, "in_transit", key=key)
    await world.db.execute("DELETE FROM idempotency_key WHERE key = %(key)s", {"key": key})
    assert await tell(world, sale, first, "in_transit", key=key) == heard


async def test_only_the_seller_s_own_people_ship(world: World) -> None:
    buyer = an_id("usr")
    sale = await sold(world, by=buyer)
    other = an_id("sel")
    for token, kind in (
        ("", "unauthenticated"),
        (buyer, "forbidden"),
        (an_id("usr"), "not_found"),
        (f"{an_id('usr')} admin", "forbidden"),
        (f"{an_id('usr')} buyer {other}=owner", "not_found"),
        (f"{an_id('usr')} buyer {sale.seller}=viewer", "forbidden"),
        (f"{an_id('usr')} buyer {sale.seller}=finance", "forbidden"),
    ):
        assert (await refusal(ship(world, sale, by=token))).kind == kind
    newcomer = an_id("usr")
    world.accounts.roles[sale.seller, newcomer] = "manager"
    shipment = await ship(world, sale, by=newcomer)
    for token, kind in (
        ("", "unauthenticated"),
        (buyer, "not_found"),
        (f"{an_id('usr')} buyer {other}=owner", "not_found"),
        (f"{an_id('usr')} buyer {sale.seller}=viewer", "forbidden"),
    ):
        assert (await refusal(tell(world, sale, shipment, "delivered", by=token))).kind == kind
    unknown = pb.Shipment(id=an_id("shp"))
    assert (await refusal(tell(world, sale, unknown, "delivered"))).kind == "not_found"


async def test_a_seller_ships_its_own_part_and_no_other(world: World) -> None:
    mine, theirs = an_id("sel"), an_id("sel")
    items = [(world.sold(seller_id=seller), 1) for seller in (mine, theirs)]
    order = (await world.checkout(await world.new_cart(*items))).order
    own = next(part.id for part in order.seller_orders if part.seller_id == mine)
    foreign = next(part.id for part in order.seller_orders if part.seller_id == theirs)
    line = next(item.id for item in order.items if item.seller_order_id == own)
    other_line = next(item.id for item in order.items if item.seller_order_id == foreign)
    sale = Sale(order, mine, f"{an_id('usr')} buyer {mine}=owner")
    assert (await refusal(ship(world, sale, (other_line, 1)))).code == "item_unknown"
    wrong = ship(world, sale, (other_line, 1), seller_order_id=foreign)
    assert (await refusal(wrong)).kind == "not_found"
    both = f"{an_id('usr')} buyer {mine}=owner,{theirs}=owner"
    assert (await refusal(ship(world, sale, (line, 1), by=both))).code == "seller_order_required"
    looking = f"{an_id('usr')} buyer {mine}=owner,{theirs}=viewer"
    assert (await refusal(ship(world, sale, (other_line, 1), by=looking))).code == "item_unknown"
    shipment = await ship(world, sale, (line, 1), by=both, seller_order_id=own)
    page = await world.call(
        world.orders.ListSellerOrders,
        order_pb2.ListSellerOrdersRequest(seller=theirs),
        by=f"{an_id('usr')} buyer {theirs}=viewer",
    )
    assert list(page.orders[0].shipments) == []
    await tell(world, sale, shipment, "delivered")
    nobody = order_pb2.Order(id=order.id)
    seen = {
        seller: [
            (each.name, each.status, each.detail["seller_id"])
            for each in (
                await world.timeline(nobody, by=f"{an_id('usr')} b {seller}=viewer")
            ).entries
            if each.kind == "shipment"
        ]
        for seller in (mine, theirs)
    }
    assert seen[theirs] == []
    assert seen[mine] == [
        ("shipment_created", "created", mine),
        ("shipment_status_changed", "delivered", mine),
        ("order_delivered", "delivered", mine),
    ]
    assert (await read(world, sale)).shipments[0].id == shipment.id


async def test_bad_parcels_are_refused(world: World) -> None:
    sale = await sold(world, 2)
    for units, code in (
        ([(sale.line, 0)], "invalid_items"),
        ([(sale.line, -1)], "invalid_items"),
        ([(sale.line, 10_000)], "invalid_items"),
        ([("nonsense", 1)], "item_unknown"),
        ([(an_id("item"), 1)], "item_unknown"),
        ([(sale.line, 3)], "quantity_not_shippable"),
        ([(sale.line, 1), (sale.line, 2)], "quantity_not_shippable"),
    ):
        assert (await refusal(ship(world, sale, *units))).code == code
    empty = pb.CreateShipmentRequest(order_id=sale.order.id, carrier="posta")
    call = world.call(world.fulfilment.CreateShipment, empty, by=sale.member)
    assert (await refusal(call)).code == "invalid_items"
    assert (await refusal(ship(world, sale, carrier=" "))).code == "invalid_carrier"
    shipment = await ship(world, sale)
    assert (await refusal(tell(world, sale, shipment, "lost"))).code == "unknown_status"
    ahead = pb.RecordShipmentEventRequest(shipment_id=shipment.id, status="delivered")
    ahead.occurred_at.FromJsonString("2100-01-01T00:00:00Z")
    call = world.call(world.fulfilment.RecordShipmentEvent, ahead, by=sale.member)
    assert (await refusal(call)).code == "occurred_in_future"
    assert len((await read(world, sale)).shipments) == 1


async def test_parcels_that_meet_take_each_unit_once(world: World) -> None:
    sale = await sold(world, 5)
    outcomes = await all_of(*(ship(world, sale) for _ in range(8)))
    shipped = [each for each in outcomes if isinstance(each, pb.Shipment)]
    assert len(shipped) == 5
    assert codes(outcomes) == {"quantity_not_shippable"}
    order = await read(world, sale)
    assert (order.fulfilment_status, len(order.shipments)) == ("shipped", 5)
    [row] = await world.db.fetch_all(
        "SELECT version FROM seller_order WHERE order_id = (SELECT id FROM orders"
        " WHERE number = %(number)s)",
        {"number": order.number},
    )
    assert row["version"] == 1 + 1 + 5


async def test_a_parcel_and_a_cancellation_that_meet_are_never_both(world: World) -> None:
    for _ in range(12):
        sale = await sold(world)
        request = order_pb2.CancelOrderRequest(
            order_id=sale.order.id, token=sale.order.token, reason="no"
        )
        cancel = world.call(world.orders.CancelOrder, request, key=an_id("k"))
        outcomes = await all_of(ship(world, sale), cancel)
        order = await read(world, sale)
        assert codes(outcomes) <= {"order_not_cancellable", "order_not_shippable"}
        assert len(codes(outcomes)) == 1
        assert (order.status == "cancelled") == (len(order.shipments) == 0)


async def test_an_uncaptured_order_does_not_ship(world: World) -> None:
    world.payments.faults.plan("capture", *[Faults.LOST] * 40)
    seller = an_id("sel")
    cart = await world.new_cart((world.sold(seller_id=seller), 1))
    order = (await world.checkout(cart)).order
    sale = Sale(order, seller, f"{an_id('usr')} buyer {seller}=owner")
    error = await refusal(ship(world, sale))
    assert (error.kind, error.code) == ("conflict", "payment_not_captured")
    world.payments.faults.plan_nothing()
    shipment = await ship(world, sale)
    paid = await read(world, sale)
    assert (paid.payment_status, list(paid.shipments)) == ("captured", [shipment])


async def test_cash_on_delivery_ships_without_a_capture(world: World) -> None:
    sale = await sold(world, pay="cash")
    await tell(world, sale, await ship(world, sale), "delivered")
    assert (await read(world, sale)).status == "completed"


async def test_an_awaited_payment_is_not_seen_by_the_seller(world: World) -> None:
    seller = an_id("sel")
    cart = await world.new_cart((world.sold(seller_id=seller), 1))
    order = (await world.checkout(cart, pay="tok_async")).order
    sale = Sale(order, seller, f"{an_id('usr')} buyer {seller}=owner")
    assert (await refusal(ship(world, sale))).kind == "not_found"


@pytest.fixture
async def late_world(orders_url: str) -> Any:
    async with a_world(orders_url, capture_policy="at_first_shipment") as world:
        yield world


async def test_the_first_shipment_captures_once_and_in_full(late_world: World) -> None:
    sale = await sold(late_world, 2)
    assert (await read(late_world, sale)).payment_status == "authorized"
    assert "capture" not in late_world.payments.calls
    await all_of(*(ship(late_world, sale) for _ in range(2)))
    order = await read(late_world, sale)
    assert (order.payment_status, order.fulfilment_status) == ("captured", "shipped")
    assert late_world.payments.status[sale.order.id] == "captured"
    names = [name for name, _ in await told(late_world, sale)]
    assert names.count("order_payment_changed") == 1


async def test_an_unknown_capture_is_no_success(late_world: World) -> None:
    sale = await sold(late_world)
    late_world.payments.faults.plan("capture", *[Faults.ANSWER_LOST] * 3)
    assert (await refusal(ship(late_world, sale))).code == "payment_not_captured"
    assert list((await read(late_world, sale)).shipments) == []
    late_world.payments.faults.plan_nothing()
    assert (await ship(late_world, sale)).status == "created"
    assert (await read(late_world, sale)).payment_status == "captured"


async def test_a_capture_that_fails_for_good_cancels_the_order(late_world: World) -> None:
    sale = await sold(late_world)
    late_world.payments.status[sale.order.id] = "failed"
    assert (await refusal(ship(late_world, sale))).code == "payment_not_captured"
    order = await read(late_world, sale)
    assert (order.status, order.cancel_reason) == ("cancelled", "capture_failed")
    assert (await refusal(ship(late_world, sale))).code == "order_not_shippable"

    async def given_back() -> bool:
        return await late_world.step(order) == "cancelled"

    await eventually(given_back)
    assert sale.order.id in late_world.catalog.closed
