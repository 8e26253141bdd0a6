"""What payments tells, over a real NATS, and what this service tells the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from chassis import outbox
from chassis.broker import Broker
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.migrations import upgrade
from chassis.outbox import OutgoingEvent, Relay
from devstack.testing import eventually
from orders.__main__ import MIGRATIONS
from services.orders.tests.builders import an_id
from services.orders.tests.integration.conftest import World, a_world
from soko.events.v1 import orders_pb2, payments_pb2

MESSAGES = {
    "payment_authorized": payments_pb2.PaymentAuthorized,
    "payment_captured": payments_pb2.PaymentCaptured,
    "payment_failed": payments_pb2.PaymentFailed,
    "payment_voided": payments_pb2.PaymentVoided,
    "refund_settled": payments_pb2.RefundSettled,
    "payment_disputed": payments_pb2.PaymentDisputed,
}


@dataclass
class Teller:
    """Tells as payments does, from an outbox of its own."""

    db: Database
    relay: Relay

    async def tell(self, name: str, order, status: str, *, goes_back: bool = False) -> None:
        payment_id = "pay" + order.id[3:]
        state = payments_pb2.PaymentState(
            payment_id=payment_id, order_id=order.id, status=status, goes_back=goes_back
        )
        event = OutgoingEvent(name, payment_id, MESSAGES[name](payment=state))
        await outbox.append(self.db, event)
        self.relay.nudge()


@pytest.fixture
def migrated(make_database: Callable[[], str]) -> Callable[[], str]:
    def make() -> str:
        url = make_database()
        upgrade(url, MIGRATIONS, "orders")
        return url

    return make


@pytest.fixture
async def world(migrated: Callable[[], str], nats_url: str) -> AsyncIterator[World]:
    async with a_world(migrated(), nats_url, payment_window_s=60) as world:
        yield world


@pytest.fixture
async def payments(migrated: Callable[[], str], nats_url: str) -> AsyncIterator[Teller]:
    db = Database(migrated())
    broker = Broker(nats_url, "payments")
    await db.open()
    await broker.connect()
    relay, stop = Relay(db, broker, "payments"), asyncio.Event()
    task = asyncio.create_task(relay.run(stop))
    yield Teller(db, relay)
    stop.set()
    await task
    await broker.close()
    await db.close()


async def awaited(world: World):
    return (await world.checkout(await world.new_cart((world.sold(), 1)), pay="tok_async")).order


async def becomes(world: World, order, status: str, payment_status: str) -> None:
    async def is_so() -> bool:
        shown = await world.order(order)
        return (shown.status, shown.payment_status) == (status, payment_status)

    await eventually(is_so)


async def test_an_awaited_payment_confirms_the_order(world: World, payments: Teller) -> None:
    order = await awaited(world)
    world.payments.decide(order.id, "authorized")
    await payments.tell("payment_authorized", order, "authorized")
    await becomes(world, order, "confirmed", "captured")
    # News of what is known changes nothing.
    version = (await world.order(order)).version
    await payments.tell("payment_captured", order, "captured")
    await payments.tell("refund_settled", order, "partially_refunded")
    await becomes(world, order, "confirmed", "partially_refunded")
    assert (await world.order(order)).version == version + 1


async def test_a_failed_payment_cancels_and_opens_the_cart(world: World, payments: Teller) -> None:
    cart = await world.new_cart((world.sold(), 1))
    order = (await world.checkout(cart, pay="tok_async", key="k")).order
    world.payments.decide(order.id, "failed")
    await payments.tell("payment_failed", order, "failed")

    async def reopened() -> bool:
        return (await world.cart(cart)).status == "open"

    await eventually(reopened)
    assert (await world.order(order)).cancel_reason == "payment_declined"


async def test_a_refund_after_cancelling_shows_on_the_order(world: World, payments: Teller) -> None:
    order = (await world.checkout(await world.new_cart((world.sold(), 1)))).order
    await becomes(world, order, "confirmed", "captured")
    await payments.tell("payment_captured", order, "captured")
    await payments.tell("refund_settled", order, "refunded")
    await becomes(world, order, "confirmed", "refunded")


async def test_a_dispute_that_is_won_shows_on_the_order(world: World, payments: Teller) -> None:
    order = (await world.checkout(await world.new_cart((world.sold(), 1)))).order
    await becomes(world, order, "confirmed", "captured")
    await payments.tell("payment_authorized", order, "authorized")
    await payments.tell("payment_captured", order, "captured")
    await payments.tell("payment_disputed", order, "charged_back")
    await becomes(world, order, "confirmed", "charged_back")
    await payments.tell("payment_disputed", order, "captured")
    await becomes(world, order, "confirmed", "captured")


async def test_money_that_came_too_late_cancels_what_waits(world: World, payments: Teller) -> None:
    order = await awaited(world)
    world.payments.decide(order.id, "refunded")
    await payments.tell("payment_captured", order, "captured", goes_back=True)
    await becomes(world, order, "cancelled", "captured")


async def test_what_happens_is_told_in_order(world: World, nats_url: str) -> None:
    heard: list[tuple[str, int, orders_pb2.OrderState]] = []
    listener = Broker(nats_url, "listener")
    await listener.connect()
    await listener.ensure_stream("orders")

    async def hear(envelope: Envelope) -> None:
        message = {
            "order_placed": orders_pb2.OrderPlaced,
            "order_confirmed": orders_pb2.OrderConfirmed,
            "order_payment_changed": orders_pb2.OrderPaymentChanged,
        }[envelope.name]()
        message.ParseFromString(envelope.data)
        heard.append((envelope.name, envelope.sequence, message.order))

    async def reset() -> None:
        pass

    following = asyncio.create_task(listener.follow("orders", hear, reset))
    order = (await world.checkout(await world.new_cart((world.sold(), 2)))).order

    def told() -> list[tuple[str, int, orders_pb2.OrderState]]:
        own = [entry for entry in heard if entry[2].order_id == order.id]
        return own if len(own) == 3 else []

    events = await eventually(told)
    assert [event[:2] for event in events] == [
        ("order_placed", 1),
        ("order_confirmed", 2),
        ("order_payment_changed", 3),
    ]
    assert [event[2].version for event in events] == [1, 2, 3]
    assert [event[2].payment_status for event in events] == ["none", "authorized", "captured"]
    assert events[1][2].lines[0].quantity == 2
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await listener.close()


async def test_news_of_an_unknown_order_is_ignored(world: World, payments: Teller) -> None:
    class Unknown:
        id = an_id("ord")

    await payments.tell("payment_captured", Unknown, "captured")
    order = await awaited(world)
    await payments.tell("payment_captured", order, "captured")
    await becomes(world, order, "confirmed", "captured")
