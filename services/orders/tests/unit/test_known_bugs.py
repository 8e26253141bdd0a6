"""Bugs that commerce back ends are known for, each by its name."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from itertools import permutations

import pytest

from orders.app.claim_cart import ClaimCart, ClaimCartHandler
from orders.app.record_payment_news import RecordPaymentNews, record_payment_news
from orders.app.resume_sagas import ResumeSagas
from orders.domain.errors import NotFound
from orders.domain.money import Totals
from orders.domain.outcomes import PaymentNews
from orders.domain.saga import PaymentMethod
from services.orders.tests.builders import (
    NOW,
    make_actor,
    make_cart,
    make_key,
    make_variant,
)
from services.orders.tests.fakes import all_of
from services.orders.tests.memory import MemoryCarts
from services.orders.tests.unit.test_sagas import TOKENS, Shop, a_cart, shop

__all__ = ["shop"]

ASYNC = PaymentMethod("sandbox", "tok_async", "")


@pytest.mark.parametrize("order_of_events", list(permutations(["client", "webhook", "worker"])))
async def test_client_completion_racing_the_providers_webhook(
    shop: Shop, order_of_events: tuple[str, ...]
) -> None:
    """The buyer comes back, the provider calls and the worker looks: one order, charged once."""
    cart = await a_cart(shop)
    order = (await shop.buy(cart, key=make_key(), method=ASYNC)).order
    shop.payments.decide(order.id, "authorized")
    shop.clock.advance(order.expires_at - shop.clock.now())
    news = PaymentNews(order.id, "pay_1", "authorized", "", 1)
    told = RecordPaymentNews([news], shop.clock.now())
    calls = {
        "client": lambda: shop.buy(cart, key=make_key(), method=ASYNC),
        "webhook": lambda: record_payment_news(told, shop.store),
        "worker": lambda: shop.resume(ResumeSagas()),
    }
    await all_of(*(calls[name]() for name in order_of_events))
    await shop.work()
    assert shop.only().status == "confirmed"
    assert shop.payments.charges[order.id] == 1
    shop.check()


@pytest.mark.parametrize("paid", ["authorized", "captured"])
async def test_paid_then_out_of_stock_money_kept(shop: Shop, paid: str) -> None:
    """The hold ran out while the buyer paid, and somebody else bought: the money goes back."""
    cart = await a_cart(shop, available=1)
    order = (await shop.buy(cart, method=ASYNC)).order
    shop.payments.decide(order.id, paid)
    shop.clock.advance(shop.memory.checkouts[order.id].saga.hold_until - shop.clock.now())
    shop.catalog.held.clear()
    shop.catalog.held["another"] = {order.lines[0].variant_id: 1}
    news = PaymentNews(order.id, "pay_1", paid, "", 1)
    await record_payment_news(RecordPaymentNews([news], shop.clock.now()), shop.store)
    await shop.work()
    assert (shop.only().status, shop.only().cancel_reason) == ("cancelled", "out_of_stock")
    assert shop.payments.status[order.id] == {"authorized": "voided", "captured": "refunded"}[paid]
    shop.check()


async def test_cart_merge_that_deletes_lines(shop: Shop) -> None:
    mine, theirs, both = make_variant(), make_variant(), make_variant()
    account = "usr_merging"
    own = make_cart(mine, both, quantity=2, account_id=account)
    guest = make_cart(theirs, both, quantity=3)
    carts = MemoryCarts(shop.memory)
    for cart in (own, guest):
        await carts.create(cart, NOW)
    claim = ClaimCartHandler(carts, TOKENS, shop.clock)
    command = ClaimCart(guest.id, TOKENS.token(guest.id, 1), make_actor(account))
    for _ in range(2):
        # Claimed twice, because the first answer was lost: nothing is added twice either.
        merged = await claim(command)
        assert {item.variant_id: item.quantity for item in merged.items} == {
            mine.id: 2,
            theirs.id: 3,
            both.id: 5,
        }


async def test_cart_merge_that_shows_anothers_cart(shop: Shop) -> None:
    guest = make_cart(make_variant())
    carts = MemoryCarts(shop.memory)
    await carts.create(guest, NOW)
    claim = ClaimCartHandler(carts, TOKENS, shop.clock)
    token = TOKENS.token(guest.id, 1)
    with pytest.raises(NotFound):
        await claim(ClaimCart(guest.id, TOKENS.token("cart_other", 1), make_actor("usr_thief")))
    await claim(ClaimCart(guest.id, token, make_actor("usr_owner")))
    with pytest.raises(NotFound):
        await claim(ClaimCart(guest.id, token, make_actor("usr_thief")))


def test_float_totals() -> None:
    """0.10 + 0.20 is 0.30 here, and three times 0.1 has no tail."""
    cart = make_cart(make_variant(prices={"KES": 10}), make_variant(prices={"KES": 20}))
    assert cart.totals.total == 30
    thrice = make_cart(make_variant(prices={"KES": 10}), quantity=3)
    assert Decimal(thrice.totals.total) / 100 == Decimal("0.3")
    largest = make_cart(make_variant(prices={"KES": 2**53 - 1})).totals
    assert largest.total == 9_007_199_254_740_991
    assert all(type(getattr(largest, field.name)) is int for field in fields(Totals))
