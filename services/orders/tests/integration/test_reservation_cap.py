"""What one account, or one address of guests, may hold before it is paid."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from chassis.database import Database
from chassis.errors import ServiceError
from devstack.testing import eventually
from orders.adapters.cart_store import PostgresCarts
from orders.adapters.order_store import PostgresCheckouts
from orders.app.ports import Holder, Placed
from orders.app.reader import EVERYTHING
from orders.app.reservation_cap import ReservationCap
from orders.domain import checkout as moves
from services.orders.tests.builders import (
    NOW,
    SECRET,
    an_id,
    make_cart,
    make_key,
    make_variant,
    place_from,
)
from services.orders.tests.conftest import Stores
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import World, a_world, refusal
from soko.orders.v1 import order_pb2

_numbers = count(1)


@pytest.fixture
async def capped(orders_url: str) -> AsyncIterator[World]:
    """Ten units for an account, fifteen for the guests of an address."""
    async with a_world(
        orders_url, reserved_units_per_account=10, reserved_units_per_address=15
    ) as world:
        yield world


def an_address() -> str:
    """Return an address that nobody has bought from yet."""
    return f"198.51.100.{next(_numbers)}"


def a_holder(most: int) -> Holder:
    holder = ReservationCap(SECRET, per_account=most).holder(an_id("usr"), "")
    assert holder is not None
    return holder


async def unpaid(world: World, units: int, *, by: str = "", address: str = ""):
    """Check out a cart whose payment waits for the buyer."""
    cart = await world.new_cart((world.sold(), units), by=by)
    return (await world.checkout(cart, pay="tok_async", by=by, address=address)).order


async def cancel(world: World, order, by: str = "") -> None:
    request = order_pb2.CancelOrderRequest(order_id=order.id, token=order.token)
    await world.call(world.orders.CancelOrder, request, key=an_id("k"), by=by)


async def holders(world: World, order) -> list[int | None]:
    rows = await world.db.fetch_all(
        "SELECT holder FROM orders WHERE number = %(number)s", {"number": order.number}
    )
    return [row["holder"] for row in rows]


async def test_an_account_holds_only_so_many_units_in_all_its_unpaid_orders(capped: World) -> None:
    buyer, variant = an_id("usr"), capped.sold()
    orders = [await unpaid(capped, units, by=buyer) for units in (6, 4)]
    cart = await capped.new_cart((variant, 1), by=buyer)
    error = await refusal(capped.checkout(cart, by=buyer, key="k"))
    assert (error.kind, error.code) == ("conflict", "reservation_limit")
    told = dict(error.extra)
    ends_at = datetime.fromisoformat(told.pop("ends_at"))
    assert ends_at == orders[0].expires_at.ToDatetime(ends_at.tzinfo).replace(microsecond=0)
    held = [(each["id"], each["units"]) for each in told.pop("orders")]
    assert held == [(orders[0].id, 6), (orders[1].id, 4)]
    assert told == {"per": "account", "most": 10, "requested": 1, "held": 10}
    assert (await capped.cart(cart, by=buyer)).status == "open"
    assert capped.catalog.available(variant) == 50
    assert await capped.count("checkout_key WHERE scope = %(s)s", s=cart.id + buyer) == 0
    assert (await unpaid(capped, 10, by=an_id("usr"))).status == "awaiting_payment"
    # Room comes back by itself, and the same key may be used for it.
    await cancel(capped, orders[1], by=buyer)
    assert (await capped.checkout(cart, by=buyer, key="k")).order.status == "confirmed"


async def test_what_is_paid_holds_no_more_and_nobody_is_remembered(capped: World) -> None:
    buyer = an_id("usr")
    for _ in range(3):
        cart = await capped.new_cart((capped.sold(), 10), by=buyer)
        order = (await capped.checkout(cart, by=buyer)).order
        assert order.status == "confirmed"
        assert await holders(capped, order) == [None]
    waiting = await unpaid(capped, 10, by=buyer)
    assert await holders(capped, waiting) != [None]
    await cancel(capped, waiting, by=buyer)
    assert await holders(capped, waiting) == [None]


async def test_what_expires_holds_no_more(orders_url: str) -> None:
    async with a_world(orders_url, payment_window_s=1, reserved_units_per_address=3) as world:
        here = an_address()
        first = await unpaid(world, 3, address=here)
        assert (await refusal(unpaid(world, 1, address=here))).extra["per"] == "address"

        async def expired() -> bool:
            return (await world.order(first)).status == "cancelled"

        await eventually(expired)
        assert (await unpaid(world, 3, address=here)).status == "awaiting_payment"


async def test_guests_of_one_address_share_what_they_may_hold(capped: World) -> None:
    here = an_address()
    await unpaid(capped, 15, address=here)
    error = await refusal(unpaid(capped, 1, address=here))
    assert error.extra.keys() == {"per", "most", "requested", "held", "ends_at"}
    assert (error.extra["most"], error.extra["held"]) == (15, 15)
    assert (await unpaid(capped, 1, address=an_address())).status == "awaiting_payment"
    # Whoever has an account there has room of their own.
    assert (await unpaid(capped, 10, by=an_id("usr"), address=here)).status == "awaiting_payment"
    await unpaid(capped, 15, address="2001:db8:1:2::a")
    neighbour = await refusal(unpaid(capped, 1, address="2001:db8:1:2:f::b"))
    assert neighbour.code == "reservation_limit"
    assert (await unpaid(capped, 1, address="2001:db8:1:3::a")).status == "awaiting_payment"


async def test_an_order_that_was_left_halfway_counts_until_a_worker_ends_it(capped: World) -> None:
    buyer = an_id("usr")
    capped.payments.faults.plan("authorize", *[Faults.LOST] * 2)
    cart = await capped.new_cart((capped.sold(), 10), by=buyer)
    order = (await capped.checkout(cart, by=buyer)).order
    assert order.status == "pending"
    assert (await refusal(unpaid(capped, 1, by=buyer))).extra["held"] == 10

    async def confirmed() -> bool:
        return (await capped.order(order, by=buyer)).status == "confirmed"

    await eventually(confirmed)
    assert (await unpaid(capped, 10, by=buyer)).status == "awaiting_payment"


async def test_any_number_where_nothing_is_set(orders_url: str) -> None:
    async with a_world(
        orders_url, reserved_units_per_account=0, reserved_units_per_address=0
    ) as world:
        for buyer in ("", an_id("usr")):
            order = await unpaid(world, 40, by=buyer, address=an_address())
            assert await holders(world, order) == [None]


async def test_many_checkouts_of_one_cart_are_still_one_order(capped: World) -> None:
    buyer = an_id("usr")
    cart = await capped.new_cart((capped.sold(), 10), by=buyer)
    calls = [capped.checkout(cart, key=f"{n}", pay="tok_async", by=buyer) for n in range(20)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    codes = Counter(r.code if isinstance(r, ServiceError) else r.order.id for r in results)
    codes.pop("checkout_in_flight", None)
    assert len(codes) == 1
    assert "reservation_limit" not in codes


async def test_of_many_checkouts_at_once_those_pass_that_have_room(capped: World) -> None:
    buyer = an_id("usr")
    carts = [await capped.new_cart((capped.sold(), 3), by=buyer) for _ in range(30)]
    calls = [capped.checkout(cart, pay="tok_async", by=buyer) for cart in carts]
    results = await asyncio.gather(*calls, return_exceptions=True)
    codes = Counter(r.code if isinstance(r, ServiceError) else r.order.status for r in results)
    assert codes == {"awaiting_payment": 3, "reservation_limit": 27}


async def test_processes_that_place_at_once_do_not_pass_together(orders_url: str) -> None:
    """Each process places a batch at a time: here are eight of them."""
    db = Database(orders_url, max_size=8)
    await db.open()
    stores, holder = [PostgresCheckouts(db, lambda: None) for _ in range(8)], a_holder(10)
    carts = [make_cart(make_variant(), quantity=3) for _ in range(64)]
    for cart in carts:
        await PostgresCarts(db).create(cart, NOW)
    calls = [
        stores[n % 8].place(cart, place_from(cart), make_key(), holder)
        for n, cart in enumerate(carts)
    ]
    outcomes = Counter(await asyncio.gather(*calls))
    assert outcomes == {Placed.PLACED: 3, Placed.NO_ROOM: 61}
    await db.close()


async def test_room_is_there_until_it_is_taken(stores: Stores) -> None:
    holder = a_holder(5)
    first, second, third = (make_cart(make_variant(), quantity=n) for n in (3, 2, 1))
    for cart in (first, second, third):
        await stores.carts.create(cart, NOW)
    checkout = place_from(first, now=NOW + timedelta(seconds=1))
    assert await stores.checkouts.place(first, checkout, make_key(), holder) is Placed.PLACED
    other = place_from(second)
    assert await stores.checkouts.place(second, other, make_key(), holder) is Placed.PLACED
    again = place_from(third)
    assert await stores.checkouts.place(third, again, make_key(), holder) is Placed.NO_ROOM
    assert (await stores.carts.load(third.id, EVERYTHING)).status == "open"
    held = await stores.checkouts.unpaid_of(holder, third.id)
    assert [(each.order_id, each.units) for each in held] == [
        (other.order.id, 2),
        (checkout.order.id, 3),
    ]
    [own] = await stores.checkouts.unpaid_of(holder, first.id)
    assert own.order_id == other.order.id
    assert await stores.checkouts.save(moves.cancel(checkout, "changed_mind", NOW))
    assert await stores.checkouts.place(third, again, make_key(), holder) is Placed.PLACED
