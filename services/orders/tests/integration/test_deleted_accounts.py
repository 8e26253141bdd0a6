"""What orders knows of a person: told to the account, and forgotten once it was deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from chassis import outbox
from chassis.broker import Broker
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.ids import parse_id
from chassis.migrations import upgrade
from chassis.outbox import OutgoingEvent, Relay
from devstack.testing import eventually
from orders.__main__ import MIGRATIONS
from orders.adapters.deleted_accounts import PostgresDeletedAccounts
from orders.app.forget_accounts import ForgetAccounts, ForgetAccountsHandler
from services.orders.tests.builders import an_id
from services.orders.tests.integration.conftest import World, a_world
from services.orders.tests.integration.test_shipment_calls import Sale, ship, tell
from soko.common.v1.address_pb2 import Address
from soko.events.v1.identity_pb2 import AccountDeleted
from soko.orders.v1 import cart_pb2, order_pb2
from soko.privacy.v1.personal_data_pb2 import ListPersonalDataRequest
from soko.privacy.v1.personal_data_pb2_grpc import PersonalDataServiceStub

MARK = "Planted-Person"
SHIP_TO = Address(
    name=MARK,
    line1=f"{MARK} Street 1",
    line2=MARK,
    city=MARK,
    region=MARK,
    postal_code="P-12345",
    country="KE",
    phone="+254700999888",
)
PLANTED = (MARK, "P-12345", "+254700999888")


def orders_url(make_database: Callable[[], str]) -> str:
    url = make_database()
    upgrade(url, MIGRATIONS, "orders")
    return url


@pytest.fixture
async def quiet(make_database: Callable[[], str]) -> AsyncIterator[World]:
    """A service of our own, because the whole database is searched."""
    async with a_world(orders_url(make_database)) as world:
        yield world


async def delete(world: World, account: str) -> None:
    """Let it be known that an account was deleted, and what follows be done."""
    accounts, clock = PostgresDeletedAccounts(world.db), SystemClock()
    await accounts.remember(account, clock.now())
    await ForgetAccountsHandler(accounts)(ForgetAccounts(clock.now()))


async def buy(world: World, buyer: str) -> Sale:
    """Sell something to an account whose personal data are planted."""
    seller = an_id("sel")
    variant = world.sold(seller_id=seller)
    cart = await world.new_cart(
        (variant, 1), by=buyer, email=f"{MARK}@test.example", shipping_address=SHIP_TO
    )
    order = (await world.checkout(cart, by=buyer)).order

    async def settled() -> bool:
        return await world.step(order) == "done"

    await eventually(settled)
    return Sale(order, seller, f"{an_id('usr')} buyer {seller}=fulfilment")


async def rows(world: World) -> str:
    """Return all that is stored, but answers that are kept for a day for repeated requests."""
    tables = await world.db.fetch_all(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_name <> 'idempotency_key'"
    )
    found = []
    for table in tables:
        name = table["table_name"]
        every = await world.db.fetch_all(f'SELECT t::text AS row FROM "{name}" t')
        found += [each["row"] for each in every]
    return "\n".join(found)


async def stored(world: World, sale: Sale) -> dict:
    row = await world.db.fetch_one(
        "SELECT to_jsonb(o) AS o FROM orders o WHERE id = %(id)s",
        {"id": parse_id("ord", sale.order.id)},
    )
    return row["o"]


async def test_an_order_that_is_over_keeps_what_the_books_need(quiet: World) -> None:
    buyer = an_id("usr")
    sale = await buy(quiet, buyer)
    await tell(quiet, sale, await ship(quiet, sale), "delivered")
    await eventually(lambda: shipped(quiet))
    planted = await rows(quiet)
    assert all(mark in planted for mark in PLANTED)
    before = await stored(quiet, sale)
    await delete(quiet, buyer)
    left = await rows(quiet)
    assert not [mark for mark in PLANTED if mark in left]
    after = await stored(quiet, sale)
    assert after["shipping_address"]["country"] == "KE"
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"account_id", "email", "shipping_address"}
    seller = (
        await quiet.call(
            quiet.orders.ListSellerOrders,
            order_pb2.ListSellerOrdersRequest(seller=sale.seller),
            by=sale.member,
        )
    ).orders
    assert [(order.id, order.shipping_address.country) for order in seller] == [
        (sale.order.id, "KE")
    ]


async def shipped(world: World) -> bool:
    return not await world.count("shipment WHERE stock_next_at IS NOT NULL")


async def test_an_order_under_way_keeps_its_address_until_it_is_over(quiet: World) -> None:
    buyer = an_id("usr")
    sale = await buy(quiet, buyer)
    await delete(quiet, buyer)
    assert (await stored(quiet, sale))["shipping_address"]["name"] == MARK
    parcel = await ship(quiet, sale)
    await tell(quiet, sale, parcel, "delivered")
    await eventually(lambda: shipped(quiet))
    await delete(quiet, buyer)
    left = await rows(quiet)
    assert not [mark for mark in PLANTED if mark in left]


async def test_a_cancelled_orders_own_words_are_forgotten(quiet: World) -> None:
    buyer = an_id("usr")
    sale = await buy(quiet, buyer)
    request = order_pb2.CancelOrderRequest(order_id=sale.order.id, reason=f"I am {MARK}")
    await quiet.call(quiet.orders.CancelOrder, request, by=buyer)

    async def cancelled() -> bool:
        return await quiet.step(sale.order) == "cancelled"

    await eventually(cancelled)
    assert set(quiet.payments.reasons + quiet.catalog.reasons) == {"other"}
    before = await stored(quiet, sale)
    await delete(quiet, buyer)
    assert MARK not in await rows(quiet)
    after = await stored(quiet, sale)
    assert after["cancel_reason"] == "other"
    steps = [(each["step"], each["at"]) for each in before["steps"]]
    assert [(each["step"], each["at"]) for each in after["steps"]] == steps
    assert "other" in json.dumps(after["steps"])


async def test_carts_go_and_another_accounts_things_stay(quiet: World) -> None:
    leaving, staying = an_id("usr"), an_id("usr")
    for account in (leaving, staying):
        await quiet.new_cart((quiet.sold(), 1), by=account, shipping_address=SHIP_TO)
    guests = await quiet.new_cart((quiet.sold(), 1), shipping_address=SHIP_TO)
    claim = cart_pb2.ClaimCartRequest(cart_id=guests.id, token=guests.token)
    await quiet.call(quiet.carts.ClaimCart, claim, by=leaving)
    await delete(quiet, leaving)
    left = await quiet.db.fetch_all("SELECT account_id FROM cart")
    assert [row["account_id"] for row in left] == [parse_id("usr", staying)]


async def test_what_is_made_with_a_token_that_still_worked_is_forgotten_too(quiet: World) -> None:
    buyer = an_id("usr")
    await delete(quiet, buyer)
    await quiet.new_cart((quiet.sold(), 1), by=buyer, shipping_address=SHIP_TO)
    await delete(quiet, buyer)
    assert MARK not in await rows(quiet)


async def test_the_event_is_heard(make_database: Callable[[], str], nats_url: str) -> None:
    buyer = an_id("usr")
    db, broker = Database(orders_url(make_database)), Broker(nats_url, "identity")
    await db.open()
    await broker.connect()
    relay, stop = Relay(db, broker, "identity"), asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    async with a_world(orders_url(make_database), nats_url) as world:
        await world.new_cart((world.sold(), 1), by=buyer)
        message = AccountDeleted(account_id=buyer)
        await outbox.append(db, OutgoingEvent("account_deleted", buyer, message))
        relay.nudge()

        async def forgotten() -> bool:
            return not await world.count("cart")

        await eventually(forgotten, timeout_s=20)
    stop.set()
    await task
    await broker.close()
    await db.close()


async def test_an_account_reads_its_orders_and_open_carts(quiet: World) -> None:
    buyer = an_id("usr")
    sale = await buy(quiet, buyer)
    await ship(quiet, sale, tracking_number="KE1")
    await buy(quiet, an_id("usr"))
    await quiet.new_cart((quiet.sold(), 2), by=buyer, shipping_address=SHIP_TO)
    stub, found, cursor = PersonalDataServiceStub(quiet.peer.channel), [], ""
    while True:
        request = ListPersonalDataRequest(cursor=cursor)
        page = await quiet.call(stub.ListPersonalData, request, by=buyer)
        found += [(each.kind, json.loads(each.json)) for each in page.records]
        cursor = page.next_cursor
        if not cursor:
            break
    (_, cart), (_, order) = found
    assert [kind for kind, _ in found] == ["cart", "order"]
    assert cart["shipping_address"]["name"] == MARK
    assert cart["items"][0]["quantity"] == 2
    assert (order["id"], order["email"]) == (sale.order.id, f"{MARK}@test.example")
    assert order["lines"][0]["variant_id"] == sale.order.items[0].variant_id
    assert order["shipments"][0]["tracking_number"] == "KE1"
    assert order["shipments"][0]["shipment_id"].startswith("shp_")
