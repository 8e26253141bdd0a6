"""Checkouts on stores in memory and peers that fail: crashes, lost answers, races."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chassis.clock import FixedClock
from chassis.errors import unavailable
from devstack.testing import eventually
from orders.app.cancel_order import CancelOrder, CancelOrderHandler
from orders.app.checkout_cart import CheckedOut, CheckoutCartHandler
from orders.app.record_payment_news import RecordPaymentNews, record_payment_news
from orders.app.resume_sagas import ResumeSagas, ResumeSagasHandler
from orders.app.run_saga import SagaRunner
from orders.app.settle_orders import SettleOrders, SettleOrdersHandler
from orders.domain.cart import OPEN, Cart
from orders.domain.checkout import LEASE
from orders.domain.errors import CheckoutInFlight, OrderNotCancellable
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order
from orders.domain.outcomes import PaymentNews
from orders.domain.saga import PaymentMethod
from orders.domain.variant import Variant
from services.orders.tests.builders import (
    NO_CAP,
    NOW,
    SECRET,
    WINDOW,
    make_actor,
    make_cart,
    make_command,
    make_key,
    make_variant,
)
from services.orders.tests.fakes import (
    FakeAccounts,
    FakeCatalog,
    FakePayments,
    Faults,
    ListQueue,
    all_of,
)
from services.orders.tests.memory import Crash, Memory, MemoryCarts, MemoryCheckouts

TOKENS = GuestTokens(SECRET)


@dataclass
class Shop:
    """One process after the other on one database and the same peers."""

    memory: Memory
    catalog: FakeCatalog
    payments: FakePayments
    clock: FixedClock
    queue: ListQueue
    store: MemoryCheckouts
    checkout: CheckoutCartHandler
    settle: SettleOrdersHandler
    resume: ResumeSagasHandler
    cancel: CancelOrderHandler

    async def buy(self, cart: Cart, **values) -> CheckedOut:
        return await self.checkout(make_command(cart, TOKENS.token(cart.id, 1), **values))

    async def buy_and_settle(self, cart: Cart) -> None:
        await self.buy(cart)
        await self.settle_queued()

    async def cancelled(self, order: Order) -> Order:
        token = TOKENS.token(order.id, 1)
        command = CancelOrder(order.id, token, make_actor(), "x", None, lambda _: b"")
        return await self.cancel(command)

    async def settle_queued(self) -> None:
        waiting, self.queue.checkouts = self.queue.checkouts, []
        if waiting:
            await self.settle(SettleOrders(waiting))

    async def work(self, rounds: int = 12) -> None:
        """Let the workers go on until everything is at rest; time passes meanwhile."""
        for _ in range(rounds):
            await self.settle_queued()
            await self.resume(ResumeSagas())
            self.clock.advance(timedelta(seconds=11))

    def only(self) -> Order:
        [checkout] = self.memory.checkouts.values()
        return checkout.order

    def step(self, order: Order) -> str:
        return self.memory.checkouts[order.id].saga.step

    def check(self) -> None:
        """No stock sold twice, no money kept without an order, no order without its money."""
        live: dict[str, int] = {}
        for checkout in self.memory.checkouts.values():
            order, step = checkout.order, checkout.saga.step
            assert step in {"done", "cancelled"}, f"{order.id} rests at {step}"
            assert self.payments.charges[order.id] <= 1
            money = self.payments.status.get(order.id, "none")
            if order.status == "confirmed":
                live[order.cart_id] = live.get(order.cart_id, 0) + 1
                assert money == "captured"
                assert order.id in self.catalog.allocated
            else:
                assert money not in {"authorized", "captured"}
                assert order.id not in self.catalog.held
                assert order.id not in self.catalog.allocated
        assert all(count == 1 for count in live.values())


def open_shop(memory: Memory, catalog: FakeCatalog, payments: FakePayments, clock) -> Shop:
    carts, store, queue = MemoryCarts(memory), MemoryCheckouts(memory), ListQueue()
    runner = SagaRunner(store, carts, catalog, payments, catalog, queue, clock)
    settle = SettleOrdersHandler(store, catalog, payments, clock)
    checkout = CheckoutCartHandler(
        carts, store, runner, catalog, FakeAccounts(), TOKENS, clock, WINDOW, NO_CAP
    )
    return Shop(
        memory,
        catalog,
        payments,
        clock,
        queue,
        store,
        checkout,
        settle,
        ResumeSagasHandler(store, runner, settle, clock),
        CancelOrderHandler(store, TOKENS, lambda: None, clock),
    )


@pytest.fixture
def shop() -> Shop:
    return open_shop(Memory(), FakeCatalog(), FakePayments(), FixedClock(NOW))


def restarted(shop: Shop) -> Shop:
    """A new process; what the old one had in memory is gone."""
    return open_shop(shop.memory, shop.catalog, shop.payments, shop.clock)


async def a_cart(shop: Shop, **variant) -> Cart:
    sold = make_variant(**variant)
    shop.catalog.add(sold)
    cart = make_cart(sold)
    await MemoryCarts(shop.memory).create(cart, NOW)
    return cart


@pytest.mark.parametrize("call", ["reserve", "authorize", "commit", "capture"])
@pytest.mark.parametrize("when", [Faults.CRASH_BEFORE, Faults.CRASH_AFTER])
async def test_a_crash_at_any_call_ends_right(shop: Shop, call: str, when: str) -> None:
    peer = shop.payments if call in {"authorize", "capture"} else shop.catalog
    peer.faults.plan(call, when)
    cart = await a_cart(shop)
    with pytest.raises(Crash):
        await shop.buy_and_settle(cart)
    after = restarted(shop)
    assert after.step(after.only()) not in {"done", "cancelled"}
    after.clock.advance(LEASE)
    await after.work()
    assert after.only().status == "confirmed"
    after.check()


@pytest.mark.parametrize("call", ["cancel", "release"])
@pytest.mark.parametrize("when", [Faults.CRASH_BEFORE, Faults.CRASH_AFTER])
async def test_a_crash_while_giving_back_ends_right(shop: Shop, call: str, when: str) -> None:
    peer = shop.payments if call == "cancel" else shop.catalog
    peer.faults.plan(call, when)
    cart = await a_cart(shop)
    with pytest.raises(Crash):
        await shop.buy(cart, method=PaymentMethod("sandbox", "tok_declined", ""))
    with pytest.raises(CheckoutInFlight):
        await restarted(shop).buy(cart, key=make_key())
    after = restarted(shop)
    after.clock.advance(LEASE)
    await after.work()
    assert after.memory.carts[cart.id].status == OPEN
    after.check()
    assert (await after.buy(cart, key=make_key())).order.status == "confirmed"


@pytest.mark.parametrize("number", range(6))
async def test_a_crash_around_any_write_ends_right(shop: Shop, number: int) -> None:
    """Before the n-th write of a checkout that is declined, and one that is not."""
    cart = await a_cart(shop)
    left = [number]

    def maybe_crash(_) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    shop.store.before_save = maybe_crash
    for token in ("tok_declined", "tok_success"):
        try:
            await shop.buy(cart, key=make_key(), method=PaymentMethod("sandbox", token, ""))
            await shop.settle_queued()
        except Crash:
            break
    after = restarted(shop)
    after.clock.advance(LEASE)
    await after.work()
    after.check()


@pytest.mark.parametrize("call", ["reserve", "authorize", "commit", "capture"])
@pytest.mark.parametrize("fault", [Faults.LOST, Faults.ANSWER_LOST])
async def test_an_answer_that_never_comes_is_asked_for_again(
    shop: Shop, call: str, fault: str
) -> None:
    peer = shop.payments if call in {"authorize", "capture"} else shop.catalog
    peer.faults.plan(call, fault, fault, fault)
    bought = await shop.buy(await a_cart(shop))
    assert bought.order.status in {"pending", "confirmed"}
    await shop.work()
    assert shop.only().status == "confirmed"
    shop.check()


async def test_a_peer_that_stays_away_past_the_expiry_ends_in_a_cancelled_order(shop: Shop) -> None:
    shop.payments.away = True
    cart = await a_cart(shop)
    assert (await shop.buy(cart)).order.status == "pending"
    shop.clock.advance(WINDOW)
    await shop.work(3)
    assert shop.only().cancel_reason == "expired"
    assert shop.memory.carts[cart.id].status != OPEN
    shop.payments.away = False
    await shop.work(3)
    assert shop.memory.carts[cart.id].status == OPEN
    shop.check()


@pytest.mark.parametrize("call", ["reserve", "authorize"])
async def test_a_checkout_resumed_after_its_time_begins_no_payment(shop: Shop, call: str) -> None:
    peer = shop.payments if call == "authorize" else shop.catalog
    peer.faults.plan(call, Faults.CRASH_BEFORE)
    with pytest.raises(Crash):
        await shop.buy(await a_cart(shop))
    after = restarted(shop)
    after.clock.advance(WINDOW)
    await after.work(3)
    assert after.only().cancel_reason == "expired"
    assert after.payments.charges[after.only().id] == 0
    after.check()


async def test_a_payment_and_the_expiry_never_both_win(shop: Shop) -> None:
    for paid_first in (True, False):
        cart = await a_cart(shop)
        method = PaymentMethod("sandbox", "tok_async", "")
        order = (await shop.buy(cart, key=make_key(), method=method)).order
        shop.clock.advance(WINDOW)
        news = PaymentNews(order.id, "pay_1", "authorized", "", 1)
        tell = record_payment_news(RecordPaymentNews([news], shop.clock.now()), shop.store)
        if paid_first:
            shop.payments.decide(order.id, "authorized")
            await all_of(tell, shop.resume(ResumeSagas()))
        else:
            await all_of(shop.resume(ResumeSagas()), tell)
            shop.payments.decide(order.id, "refunded")
        await shop.work()
        shop.check()


async def test_cancel_races_the_running_checkout(shop: Shop) -> None:
    for turn in range(12):
        cart = await a_cart(shop)
        buying = asyncio.ensure_future(shop.buy(cart, key=make_key()))
        for _ in range(turn):
            await asyncio.sleep(0)
        known = [c for c in shop.memory.checkouts.values() if c.order.cart_id == cart.id]
        if known:
            await all_of(shop.cancelled(known[0].order))
        await buying
        shop.clock.advance(LEASE)
        await shop.work(4)
        shop.check()


async def test_two_workers_carry_one_saga_without_harm(shop: Shop) -> None:
    shop.catalog.faults.plan("reserve", Faults.LOST)
    await shop.buy(await a_cart(shop))
    other = restarted(shop)
    [checkout] = shop.memory.checkouts.values()
    await asyncio.gather(
        *(each.resume._runner.run(checkout, 5.0) for each in (shop, other, shop, other))
    )
    await shop.work()
    await other.work()
    assert shop.only().status == "confirmed"
    shop.check()


async def test_what_a_dead_worker_took_is_resumed_within_seconds(shop: Shop) -> None:
    shop.payments.faults.plan("authorize", Faults.LOST)
    await shop.buy(await a_cart(shop))
    shop.clock.advance(timedelta(seconds=1))
    shop.payments.faults.plan("authorize", Faults.CRASH_BEFORE)
    with pytest.raises(Crash):
        await shop.resume(ResumeSagas())
    after = restarted(shop)
    after.clock.advance(LEASE - timedelta(seconds=1))
    assert await after.resume(ResumeSagas()) == 0
    after.clock.advance(timedelta(seconds=1))
    assert await after.resume(ResumeSagas()) == 1
    assert after.only().status == "confirmed"
    assert timedelta(seconds=10) > LEASE


async def test_what_a_slow_worker_has_not_begun_is_left_to_another(shop: Shop) -> None:
    shop.payments.away = True
    for _ in range(9):
        await shop.buy(await a_cart(shop), key=make_key())
    shop.clock.advance(timedelta(seconds=1))
    shop.payments.away = False
    shop.payments.calls.clear()
    answering = shop.payments.slow = asyncio.Event()
    slow = asyncio.ensure_future(shop.resume(ResumeSagas()))
    await eventually(lambda: len(shop.payments.calls) == 8)
    other = restarted(shop)
    assert await other.resume(ResumeSagas()) == 0
    shop.clock.advance(LEASE)
    answering.set()
    assert await slow == 9
    assert shop.payments.calls == ["authorize"] * 8
    await other.work()
    assert {each.order.status for each in shop.memory.checkouts.values()} == {"confirmed"}
    shop.check()


async def test_a_confirmed_order_whose_hold_was_lost_reserves_again(shop: Shop) -> None:
    cart = await a_cart(shop, available=1)
    order = (await shop.buy(cart)).order
    shop.catalog.held.clear()
    await shop.work()
    assert shop.only().status == "confirmed"
    shop.check()
    assert shop.step(order) == "done"


async def test_a_confirmed_order_whose_stock_is_gone_is_cancelled_and_paid_back(shop: Shop) -> None:
    cart = await a_cart(shop, available=1)
    order = (await shop.buy(cart)).order
    shop.catalog.held.clear()
    sold = shop.catalog.variants[order.lines[0].variant_id]
    shop.catalog.add(replace(sold, available=0))
    await shop.work()
    assert shop.only().cancel_reason == "out_of_stock"
    shop.check()


async def test_cash_on_delivery_needs_no_capture(shop: Shop) -> None:
    cash = PaymentMethod("cash_on_delivery", "cash", "")
    order = (await shop.buy(await a_cart(shop), method=cash)).order
    assert (order.status, order.payment_status) == ("confirmed", "none")
    await shop.work(2)
    assert shop.step(order) == "done"


async def test_a_cancelled_order_cannot_be_cancelled_again(shop: Shop) -> None:
    order = (await shop.buy(await a_cart(shop))).order
    await shop.cancelled(order)
    with pytest.raises(OrderNotCancellable):
        await shop.cancelled(order)
    await shop.work()
    shop.check()


async def test_catalog_away_at_the_refresh_keeps_the_cart_until_it_is_back(shop: Shop) -> None:
    cart = await a_cart(shop, prices={"KES": 100})
    variant = shop.catalog.variants[cart.items[0].variant_id]
    shop.catalog.add(replace(variant, prices={"KES": 200}))
    variants, shop.catalog.find = shop.catalog.find, away
    result = await shop.buy(cart)
    assert result.order.refusal is not None
    assert shop.memory.carts[cart.id].status != OPEN
    shop.catalog.find = variants
    shop.clock.advance(LEASE)
    await shop.work(3)
    reopened = shop.memory.carts[cart.id]
    assert (reopened.status, reopened.items[0].unit_price_minor) == (OPEN, 200)


async def away(*_: object) -> Mapping[str, Variant]:
    raise unavailable("catalog")
