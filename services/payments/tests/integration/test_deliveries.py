"""Deliveries end in sellers' available money, on memory and on PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.envelope import Envelope
from chassis.ids import format_id, new_id
from payments.adapters.deliveries import PostgresDeliveries
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.app.record_deliveries import Delivered, record_deliveries
from payments.domain.payment import ProviderState
from payments.entrypoints.event_consumer import delivered
from services.payments.tests.builders import NOW, SELLER, make_order, make_payment, make_split
from services.payments.tests.conftest import Desk
from services.payments.tests.unit.test_use_cases import OPERATOR
from soko.events.v1.orders_pb2 import OrderDelivered

HOLD = timedelta(days=7)


@pytest.fixture(params=["memory", "postgres"])
def books(request, provider, clock):
    """The use cases and where deliveries are recorded."""
    if request.param == "memory":
        payments = request.getfixturevalue("memory")
        return Desk(payments, provider, clock), payments
    payments = request.getfixturevalue("postgres_payments")
    return Desk(payments, provider, clock), PostgresDeliveries(request.getfixturevalue("database"))


async def captured(desk, *splits, **values):
    order = make_order("tok", *splits, **values)
    await desk.authorize.handle(order)
    await desk.capture.handle(CaptureOrders((order.order_id,)))
    return order


async def resolve_all(desk):
    while await desk.resolve.handle():
        pass


def split():
    return make_split("item_a", SELLER, seller_order_id=format_id("sor", new_id()))


async def test_a_delivered_seller_order_is_released_when_its_time_has_come(books, clock):
    desk, deliveries = books
    line = split()
    order = await captured(desk, line)
    told = Delivered(order.order_id, line.seller_order_id, NOW)
    for _ in range(2):
        await record_deliveries([told], deliveries, HOLD)
    clock.advance(HOLD - timedelta(seconds=1))
    await resolve_all(desk)
    payment = await desk.payments.find_by_order(order.order_id)
    assert [each.released_at for each in payment.deliveries] == [None]
    clock.advance(timedelta(seconds=1))
    await resolve_all(desk)
    payment = await desk.payments.find_by_order(order.order_id)
    (delivery,) = payment.deliveries
    assert delivery.released_at == NOW + HOLD
    assert [each.commission_minor for each in delivery.commissions] == [100]
    assert payment.next_check_at(clock.now()) is None


async def test_the_rates_are_those_of_the_time_of_authorization(books, clock):
    desk, _ = books
    order = await captured(desk, split())
    payment = await desk.payments.find_by_order(order.order_id)
    assert [each.commission_bps for each in payment.splits] == [1000]


async def test_cash_is_collected_when_it_is_delivered(books):
    desk, deliveries = books
    line = split()
    order = make_order("", line, method_type="cash_on_delivery")
    await desk.authorize.handle(order)
    await record_deliveries(
        [Delivered(order.order_id, line.seller_order_id, NOW)], deliveries, HOLD
    )
    await resolve_all(desk)
    payment = await desk.payments.find_by_order(order.order_id)
    assert (payment.status, payment.captured_minor) == ("captured", 1000)
    assert payment.next_check_at(NOW) == NOW + HOLD


async def collected(desk, deliveries):
    line = split()
    order = make_order("", line, method_type="cash_on_delivery")
    await desk.authorize.handle(order)
    told = Delivered(order.order_id, line.seller_order_id, NOW)
    await record_deliveries([told], deliveries, HOLD)
    await resolve_all(desk)
    return order


async def test_cash_that_was_collected_goes_back_when_its_refund_is_asked_for(books):
    desk, deliveries = books
    order = await collected(desk, deliveries)
    command = CreateRefund(new_id(), order.order_id, (400, "KES"), {}, "Broken")
    refund, payment = await desk.refund.handle(command, OPERATOR)
    assert (refund.status, payment.status) == ("succeeded", "partially_refunded")


async def test_a_cancelled_order_keeps_no_cash(books):
    desk, deliveries = books
    order = await collected(desk, deliveries)
    done = await desk.cancel.handle(CancelPayment(order.order_id, "returned"))
    assert done == (True, "refunded")


async def test_a_delivery_makes_whoever_changes_the_payment_look_again(books):
    """What was loaded before it would otherwise be saved without a time to look after it."""
    desk, deliveries = books
    line = split()
    payment = make_payment(line)
    await desk.payments.open(payment)
    payment.learn(ProviderState("captured"), NOW)
    await record_deliveries(
        [Delivered(payment.order_id, line.seller_order_id, NOW)], deliveries, HOLD
    )
    assert await desk.payments.save([payment], NOW) == set()


async def test_disputes_come_back_as_they_were_saved(books):
    desk, _ = books
    order = await captured(desk, split())
    payment = await desk.payments.find_by_order(order.order_id)

    def act(current):
        return current.open_dispute(new_id(), "dp_1", NOW, amount=(400, "KES"), fee_minor=15)

    payment, dispute = await desk.payments.change(payment.id, act, NOW)
    loaded = await desk.payments.get(payment.id)
    assert loaded == payment
    assert loaded.disputes == [dispute]
    assert (loaded.disputed_minor, loaded.refundable_minor) == (400, 600)


def test_an_event_is_read_and_nonsense_refused():
    order_id, seller_order_id = format_id("ord", new_id()), format_id("sor", new_id())
    message = OrderDelivered(order_id=order_id, seller_order_id=seller_order_id)
    message.delivered_at.FromDatetime(NOW)
    assert delivered(envelope(message.SerializeToString())).delivered_at == NOW
    with pytest.raises(ValueError, match="unreadable"):
        delivered(envelope(b"\xff"))


def envelope(data):
    return Envelope(new_id(), "order_delivered", "/soko/orders", datetime.now(UTC), "", 1, "", data)
