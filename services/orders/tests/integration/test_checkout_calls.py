"""Checkout end to end over gRPC."""

from __future__ import annotations

import asyncio
from collections import Counter

from chassis.errors import ServiceError
from devstack.testing import eventually
from orders.domain.order_number import is_order_number
from services.orders.tests.builders import an_id, make_variant
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import SHIP_TO, World, a_world, refusal
from soko.common.v1.money_pb2 import Money
from soko.orders.v1 import cart_pb2, order_pb2


def outcomes(results: list) -> Counter:
    """Count answers by order, and errors by code."""
    return Counter(r.code if isinstance(r, ServiceError) else r.order.id for r in results)


async def test_a_guest_buys(world: World) -> None:
    variant = world.sold(prices={"KES": 129_900, "USD": 1_000})
    cart = await world.new_cart((variant, 2))
    assert (cart.currency, cart.totals.total.amount_minor) == ("KES", 259_800)
    answer = await world.checkout(cart)
    order = answer.order
    assert (answer.outcome, order.status, order.payment_status) == (
        "placed",
        "confirmed",
        "authorized",
    )
    assert is_order_number(order.number)
    assert order.token
    assert order.payment_id
    assert not order.HasField("expires_at")
    await eventually(lambda: world.order(order), 5)

    async def captured() -> bool:
        return (await world.order(order)).payment_status == "captured"

    await eventually(captured)
    assert world.catalog.allocated[order.id] == {variant: 2}
    assert world.payments.charges[order.id] == 1
    assert await world.step(order) == "done"
    assert (await world.cart(cart)).status == "checked_out"


async def test_two_sellers_get_a_part_each(world: World) -> None:
    one, two = world.sold(seller_id=an_id("sel")), world.sold(seller_id=an_id("sel"))
    order = (await world.checkout(await world.new_cart((one, 1), (two, 3)))).order
    assert [item.quantity for item in order.items] == [1, 3]
    parts = {part.seller_id: part for part in order.seller_orders}
    assert {part.status for part in parts.values()} == {"confirmed"}
    assert sum(part.totals.total.amount_minor for part in parts.values()) == 519_600
    for item in order.items:
        assert parts[item.seller_id].id == item.seller_order_id


async def test_fifty_checkouts_with_one_key_place_one_order(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    calls = [world.checkout(cart, key="one") for _ in range(50)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    found = outcomes(results)
    in_flight = found.pop("idempotency_in_flight", 0)
    [(order_id, answered)] = found.items()
    assert answered + in_flight == 50
    assert world.payments.charges[order_id] == 1
    assert (
        await world.count(
            "orders WHERE token_generation = 1 AND cart_id IN (SELECT cart_id FROM"
            " orders WHERE number = %(n)s)",
            n=_number(results),
        )
        == 1
    )


async def test_fifty_checkouts_with_fifty_keys_place_one_order(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    calls = [world.checkout(cart, key=f"key {number}") for number in range(50)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    found = outcomes(results)
    waiting = found.pop("checkout_in_flight", 0)
    [(order_id, answered)] = found.items()
    assert answered + waiting == 50
    assert Counter(r.outcome for r in results if not isinstance(r, ServiceError))["placed"] == 1
    assert world.payments.charges == {order_id: 1}
    again = await world.checkout(cart, key="yet another")
    assert (again.outcome, again.order.id) == ("existing", order_id)


def _number(results: list) -> str:
    return next(r.order.number for r in results if not isinstance(r, ServiceError))


async def test_a_replay_is_the_same_answer_and_says_so(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    first = await world.checkout(cart, key="k")
    request = order_pb2.CheckoutRequest(
        cart_id=cart.id,
        token=cart.token,
        payment_method=order_pb2.PaymentMethod(type="sandbox", token="tok_success"),
    )
    method = world.checkouts.Checkout
    again, trailers = await world.call_with_trailers(method, request, key="k", scope=cart.id)
    assert trailers["soko-idempotent-replayed"] == "1"
    assert (again.order.id, again.order.token) == (first.order.id, first.order.token)
    request.payment_method.token = "tok_declined"
    error = await refusal(world.call(method, request, key="k", scope=cart.id))
    assert (error.kind, error.code) == ("invalid", "idempotency_key_reused")


async def test_a_declined_card_and_then_a_good_one(world: World) -> None:
    variant = world.sold(available=1)
    cart = await world.new_cart((variant, 1))
    error = await refusal(world.checkout(cart, key="bad", pay="tok_declined"))
    assert (error.kind, error.code) == ("payment_required", "payment_declined")
    assert error.extra["reason"] == "declined"
    assert str(error.extra["order_id"]).startswith("ord_")
    again = await refusal(world.checkout(cart, key="bad", pay="tok_declined"))
    assert (again.code, again.extra) == (error.code, error.extra)
    assert (await world.cart(cart)).status == "open"
    good = await world.checkout(cart, key="good")
    assert good.order.status == "confirmed"
    assert good.order.id != error.extra["order_id"]
    replayed = await refusal(world.checkout(cart, key="bad", pay="tok_declined"))
    assert replayed.code == "payment_declined"


async def test_sold_out_names_the_lines_and_reopens_the_cart(world: World) -> None:
    variant = world.sold(available=3)
    carts = [await world.new_cart((variant, 3)) for _ in range(2)]
    assert (await world.checkout(carts[0])).order.status == "confirmed"
    error = await refusal(world.checkout(carts[1]))
    assert (error.kind, error.code) == ("conflict", "out_of_stock")
    assert error.extra["lines"] == [{"variant_id": variant, "requested": 3, "available": 0}]
    assert (await world.cart(carts[1])).status == "open"


async def test_a_cart_holds_only_so_many_units_before_it_is_paid(world: World) -> None:
    one, other = world.sold(available=5_000), world.sold(available=5_000)
    cart = await world.new_cart((one, 600), (other, 401))
    error = await refusal(world.checkout(cart, key="whole"))
    assert (error.kind, error.code) == ("conflict", "reservation_limit")
    assert error.extra == {"per": "cart", "most": 1_000, "requested": 1_001}
    assert (await world.cart(cart)).status == "open"
    assert world.catalog.available(one) == 5_000
    part = await world.new_cart((one, 600), (other, 400))
    assert (await world.checkout(part)).order.status == "confirmed"


async def test_a_hundred_buyers_of_ten_units(world: World) -> None:
    variant = world.sold(available=10)
    carts = await asyncio.gather(*(world.new_cart((variant, 1)) for _ in range(100)))
    results = await asyncio.gather(
        *(world.checkout(cart) for cart in carts), return_exceptions=True
    )
    codes = Counter(r.code if isinstance(r, ServiceError) else "sold" for r in results)
    assert codes == {"sold": 10, "out_of_stock": 90}
    assert world.catalog.available(variant) == 0


async def test_a_changed_price_refuses_and_refreshes_the_cart(world: World) -> None:
    variant = make_variant(prices={"KES": 1_000})
    world.catalog.add(variant)
    cart = await world.new_cart((variant.id, 1))
    world.catalog.add(make_variant(id=variant.id, prices={"KES": 1_500}, title="Kikoi, new"))
    error = await refusal(world.checkout(cart, key="old"))
    assert (error.kind, error.code) == ("conflict", "price_changed")
    shown = await world.cart(cart)
    assert (shown.totals.total.amount_minor, shown.items[0].title) == (1_500, "Kikoi, new")
    assert (await world.checkout(cart, key="new")).order.totals.total.amount_minor == 1_500


async def test_the_expected_total_decides_before_there_is_an_order(world: World) -> None:
    variant = make_variant(prices={"KES": 1_000})
    world.catalog.add(variant)
    cart = await world.new_cart((variant.id, 1))
    wrong = Money(amount_minor=999, currency="KES")
    error = await refusal(world.checkout(cart, expected_total=wrong))
    assert (error.code, error.extra["total"]) == (
        "price_changed",
        {"amount_minor": 1_000, "currency": "KES"},
    )
    # The buyer saw the new price elsewhere: the cart learns of it and the order is placed.
    world.catalog.add(make_variant(id=variant.id, prices={"KES": 1_200}))
    right = Money(amount_minor=1_200, currency="KES")
    order = (await world.checkout(cart, expected_total=right)).order
    assert (order.status, order.totals.total.amount_minor) == ("confirmed", 1_200)


async def test_what_is_missing_is_said_before_there_is_an_order(world: World) -> None:
    variant = world.sold()
    bare = await world.new_cart((variant, 1), email="", shipping_address=None)
    assert (await refusal(world.checkout(bare))).code == "address_required"
    error = await refusal(world.checkout(bare, shipping_address=SHIP_TO))
    assert (error.kind, error.code) == ("invalid", "email_required")
    empty = await world.new_cart()
    error = await refusal(world.checkout(empty))
    assert (error.kind, error.code) == ("conflict", "cart_empty")
    full = {"email": "b@soko.example", "shipping_address": SHIP_TO}
    order = (await world.checkout(bare, **full)).order
    assert (order.email, order.status) == ("b@soko.example", "confirmed")
    missing = await refusal(
        world.call(
            world.checkouts.Checkout,
            order_pb2.CheckoutRequest(
                cart_id=bare.id,
                token=bare.token,
                payment_method=order_pb2.PaymentMethod(type="sandbox"),
            ),
        )
    )
    assert (missing.kind, missing.code) == ("malformed", "idempotency_key_required")


async def test_an_account_s_address_comes_from_identity(world: World) -> None:
    account = an_id("usr")
    world.accounts.emails[account] = "own@soko.example"
    cart = await world.new_cart((world.sold(), 1), by=account, email="")
    assert cart.token == ""
    order = (await world.checkout(cart, by=account)).order
    assert (order.email, order.token, order.account_id) == ("own@soko.example", "", account)


async def test_ten_refusals_are_enough(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    codes = [(await refusal(world.checkout(cart, pay="tok_declined"))).code for _ in range(10)]
    assert set(codes) == {"payment_declined"}
    error = await refusal(world.checkout(cart))
    assert (error.kind, error.code) == ("too_many", "too_many_attempts")


async def test_an_edit_during_placing_is_never_lost(world: World) -> None:
    """Either the edit comes first and is bought, or it is refused: never paid less than shown."""
    cheap, dear = world.sold(prices={"KES": 100}), world.sold(prices={"KES": 5_000})
    for _ in range(10):
        cart = await world.new_cart((cheap, 1))
        add = cart_pb2.AddItemRequest(
            cart_id=cart.id,
            token=cart.token,
            item=cart_pb2.NewItem(variant_id=dear, quantity=1),
        )
        placed, edited = await asyncio.gather(
            world.checkout(cart), world.call(world.carts.AddItem, add), return_exceptions=True
        )
        bought = {item.variant_id for item in placed.order.items}
        if isinstance(edited, ServiceError):
            assert edited.code in {"cart_checked_out", "insufficient_stock"}
            assert bought == {cheap}
        else:
            assert bought == {cheap, dear}


async def test_a_peer_that_does_not_answer_leaves_the_order_to_the_worker(world: World) -> None:
    for call in ("reserve", "authorize"):
        faults = world.catalog.faults if call == "reserve" else world.payments.faults
        faults.plan(call, Faults.ANSWER_LOST, Faults.LOST)
        cart = await world.new_cart((world.sold(), 1))
        order = (await world.checkout(cart)).order
        assert (order.status, order.payment_status) == ("pending", "none")
        assert order.HasField("expires_at")

        async def settled(order=order) -> bool:
            return (await world.order(order)).payment_status == "captured"

        await eventually(settled)
        assert world.payments.charges[order.id] == 1


async def test_settling_that_fails_is_tried_again(world: World) -> None:
    world.catalog.faults.plan("commit", Faults.LOST)
    world.payments.faults.plan("capture", Faults.ANSWER_LOST)
    order = (await world.checkout(await world.new_cart((world.sold(), 1)))).order

    async def settled() -> bool:
        return await world.step(order) == "done"

    await eventually(settled)
    assert (await world.order(order)).payment_status == "captured"


async def test_a_capture_that_fails_for_good_cancels_the_order(world: World) -> None:
    variant = world.sold(available=1)
    world.catalog.faults.plan("commit", Faults.LOST)
    order = (await world.checkout(await world.new_cart((variant, 1)))).order
    world.payments.decide(order.id, "failed")

    async def cancelled() -> bool:
        return await world.step(order) == "cancelled"

    await eventually(cancelled)
    shown = await world.order(order)
    assert (shown.status, shown.cancel_reason) == ("cancelled", "capture_failed")
    assert world.catalog.available(variant) == 1


async def test_an_unpaid_order_expires_and_its_cart_opens(orders_url: str) -> None:
    async with a_world(orders_url, payment_window_s=1) as world:
        variant = world.sold(available=1)
        cart = await world.new_cart((variant, 1))
        order = (await world.checkout(cart, key="k", pay="tok_async")).order
        assert order.status == "awaiting_payment"
        assert order.next_action.type == "sandbox"
        assert order.next_action.payment_id == order.payment_id
        existing = await world.checkout(cart, key="other")
        assert (existing.outcome, existing.order.id) == ("existing", order.id)

        async def expired() -> bool:
            return (await world.cart(cart)).status == "open"

        await eventually(expired)
        shown = await world.order(order)
        assert (shown.status, shown.cancel_reason) == ("cancelled", "expired")
        assert world.payments.status[order.id] == "voided"
        assert world.catalog.available(variant) == 1
        assert (await world.checkout(cart, key="again")).order.status == "confirmed"


async def test_a_paid_order_that_nobody_told_us_of_is_asked_for_at_its_expiry(
    orders_url: str,
) -> None:
    async with a_world(orders_url, payment_window_s=1) as world:
        order = (
            await world.checkout(await world.new_cart((world.sold(), 1)), pay="tok_async")
        ).order
        world.payments.decide(order.id, "authorized")

        async def captured() -> bool:
            return (await world.order(order)).payment_status == "captured"

        await eventually(captured, timeout_s=30)
        assert (await world.order(order)).status == "confirmed"
