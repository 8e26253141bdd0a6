"""Carts end to end over gRPC."""

from __future__ import annotations

import asyncio

import pytest

from services.orders.tests.builders import an_id
from services.orders.tests.integration.conftest import SHIP_TO, World, refusal
from soko.orders.v1 import cart_pb2


def add_request(cart, variant: str, quantity: int = 1) -> cart_pb2.AddItemRequest:
    item = cart_pb2.NewItem(variant_id=variant, quantity=quantity)
    return cart_pb2.AddItemRequest(cart_id=cart.id, token=cart.token, item=item)


async def add(world: World, cart, variant: str, quantity: int = 1, **how):
    request = add_request(cart, variant, quantity)
    return (await world.call(world.carts.AddItem, request, **how)).cart


async def test_an_empty_cart_takes_the_first_line_s_currency(world: World) -> None:
    cart = await world.new_cart()
    assert (cart.currency, cart.version, cart.status) == ("KES", 1, "open")
    cart.MergeFrom(cart_pb2.Cart())
    changed = await add(world, cart, world.sold(prices={"USD": 500}))
    assert (changed.currency, changed.version) == ("USD", 2)
    assert changed.token == ""
    error = await refusal(add(world, cart, world.sold(prices={"KES": 500})))
    assert (error.kind, error.code) == ("invalid", "currency_mismatch")


async def test_the_same_variant_merges_into_one_line(world: World) -> None:
    variant = world.sold(prices={"KES": 100}, available=9)
    cart = await world.new_cart((variant, 2), (variant, 3))
    assert [(item.quantity, item.line_total.amount_minor) for item in cart.items] == [(5, 500)]
    changed = await add(world, cart, variant, 4)
    assert [item.quantity for item in changed.items] == [9]
    error = await refusal(add(world, cart, variant))
    assert (error.code, error.extra["lines"]) == (
        "insufficient_stock",
        [{"variant_id": variant, "requested": 10, "available": 9}],
    )


@pytest.mark.parametrize("quantity", [0, -1, 10_000])
async def test_a_quantity_out_of_range_is_refused(world: World, quantity: int) -> None:
    cart = await world.new_cart()
    error = await refusal(add(world, cart, world.sold(available=100_000), quantity))
    assert (error.kind, error.code) == ("invalid", "quantity_out_of_range")


async def test_unknown_and_malformed_variants_are_refused(world: World) -> None:
    cart = await world.new_cart()
    for variant in (an_id("var"), "var_1", ""):
        assert (await refusal(add(world, cart, variant))).code == "variant_unknown"
    assert (await refusal(world.new_cart((an_id("var"), 1)))).code == "variant_unknown"
    assert (await refusal(add(world, cart, world.sold(for_sale=False)))).code == "not_for_sale"


async def test_lines_are_changed_and_removed(world: World) -> None:
    one, two = world.sold(prices={"KES": 100}), world.sold(prices={"KES": 7})
    cart = await world.new_cart((one, 1), (two, 1))
    request = cart_pb2.UpdateItemRequest(
        cart_id=cart.id, token=cart.token, item_id=cart.items[0].id, quantity=3
    )
    changed = (await world.call(world.carts.UpdateItem, request)).cart
    assert changed.totals.total.amount_minor == 307
    request = cart_pb2.RemoveItemRequest(
        cart_id=cart.id, token=cart.token, item_id=cart.items[0].id
    )
    changed = (await world.call(world.carts.RemoveItem, request)).cart
    assert [item.variant_id for item in changed.items] == [two]
    error = await refusal(world.call(world.carts.RemoveItem, request))
    assert error.kind == "not_found"


async def test_email_and_address_are_set(world: World) -> None:
    cart = await world.new_cart(email="", shipping_address=None)
    request = cart_pb2.SetEmailRequest(cart_id=cart.id, token=cart.token, email="a@soko.example")
    assert (await world.call(world.carts.SetEmail, request)).cart.email == "a@soko.example"
    request.email = "nonsense"
    assert (await refusal(world.call(world.carts.SetEmail, request))).code == "invalid_email"
    address = cart_pb2.SetShippingAddressRequest(cart_id=cart.id, token=cart.token, address=SHIP_TO)
    changed = (await world.call(world.carts.SetShippingAddress, address)).cart
    assert changed.shipping_address == SHIP_TO
    assert changed.version == 3
    address.address.country = "XX"
    error = await refusal(world.call(world.carts.SetShippingAddress, address))
    assert (error.code, error.violations[0].pointer) == (
        "invalid_address",
        "/shipping_address/country",
    )


async def test_a_cart_is_its_owner_s_alone(world: World) -> None:
    account, other = an_id("usr"), an_id("usr")
    own, guest = await world.new_cart(by=account), await world.new_cart()
    assert (await world.cart(own, by=account)).id == own.id
    for stranger in ("", other):
        assert (await refusal(world.cart(own, by=stranger))).kind == "not_found"
    forged = cart_pb2.Cart(id=guest.id, token=own.token or "x" * 44)
    assert (await refusal(world.cart(forged))).kind == "not_found"
    another = await world.new_cart()
    swapped = cart_pb2.Cart(id=guest.id, token=another.token)
    assert (await refusal(world.cart(swapped))).kind == "not_found"
    assert (await refusal(world.cart(cart_pb2.Cart(id="cart_x")))).kind == "not_found"
    assert (await world.cart(guest, by=account)).id == guest.id


async def test_the_same_creation_makes_one_cart_with_the_same_token(world: World) -> None:
    request = cart_pb2.CreateCartRequest(
        items=[cart_pb2.NewItem(variant_id=world.sold(), quantity=1)]
    )
    key = an_id("k")
    first = await world.call(world.carts.CreateCart, request, key=key)
    again = await world.call(world.carts.CreateCart, request, key=key)
    assert (again.cart.id, again.cart.token) == (first.cart.id, first.cart.token)


async def test_an_addition_is_not_repeated_after_a_crash(world: World) -> None:
    """The answer stands with the change, even if storing it afterwards never happened."""
    variant, key = world.sold(), an_id("k")
    cart = await world.new_cart()
    request = add_request(cart, variant, 2)
    await world.call(world.carts.AddItem, request, key=key)
    stored = await world.db.fetch_one(
        "SELECT state FROM idempotency_key WHERE key = %(key)s", {"key": key}
    )
    assert stored["state"] == "succeeded"
    again = await world.call(world.carts.AddItem, request, key=key)
    assert [item.quantity for item in again.cart.items] == [2]
    assert [item.quantity for item in (await world.cart(cart)).items] == [2]


async def test_additions_at_the_same_time_all_count(world: World) -> None:
    variants = [world.sold() for _ in range(6)]
    cart = await world.new_cart()
    await asyncio.gather(*(add(world, cart, variant) for variant in variants))
    assert {item.variant_id for item in (await world.cart(cart)).items} == set(variants)


async def test_a_checked_out_cart_cannot_be_edited(world: World) -> None:
    variant = world.sold()
    cart = await world.new_cart((variant, 1))
    await world.checkout(cart)
    error = await refusal(add(world, cart, variant))
    assert (error.kind, error.code) == ("conflict", "cart_checked_out")


async def claim(world: World, cart, by: str):
    request = cart_pb2.ClaimCartRequest(cart_id=cart.id, token=cart.token)
    return (await world.call(world.carts.ClaimCart, request, by=by)).cart


async def mine(world: World, by: str):
    return (await world.call(world.carts.GetMyCart, cart_pb2.GetMyCartRequest(), by=by)).cart


async def test_a_claimed_cart_becomes_the_account_s(world: World) -> None:
    account = an_id("usr")
    assert (await refusal(mine(world, account))).kind == "not_found"
    guest = await world.new_cart((world.sold(), 2))
    claimed = await claim(world, guest, account)
    assert (claimed.id, claimed.items[0].quantity) == (guest.id, 2)
    assert (await mine(world, account)).id == guest.id
    assert (await refusal(world.cart(guest))).kind == "not_found"
    assert (await claim(world, guest, account)).id == guest.id
    assert (await refusal(claim(world, guest, an_id("usr")))).kind == "not_found"


async def test_a_claimed_cart_merges_by_variant_into_the_open_one(world: World) -> None:
    account, shared, only = an_id("usr"), world.sold(), world.sold()
    own = await world.new_cart((shared, 1), by=account)
    guest = await world.new_cart((shared, 2), (only, 5))
    merged = await claim(world, guest, account)
    assert merged.id == own.id
    assert {i.variant_id: i.quantity for i in merged.items} == {shared: 3, only: 5}
    assert (await claim(world, guest, account)).id == own.id
    assert (await mine(world, account)).id == own.id
    assert (await refusal(world.cart(guest))).kind == "not_found"
    assert (await refusal(claim(world, guest, an_id("usr")))).kind == "not_found"


async def test_a_cart_of_another_currency_is_handed_over_whole(world: World) -> None:
    account = an_id("usr")
    own = await world.new_cart((world.sold(), 1), by=account)
    guest = await world.new_cart((world.sold(prices={"USD": 5}), 1))
    claimed = await claim(world, guest, account)
    assert (claimed.id, claimed.currency) == (guest.id, "USD")
    assert (await world.cart(own, by=account)).currency == "KES"


async def test_a_cart_is_claimed_only_with_its_token_and_by_an_account(world: World) -> None:
    guest = await world.new_cart()
    stolen = cart_pb2.Cart(id=guest.id)
    assert (await refusal(claim(world, stolen, an_id("usr")))).kind == "not_found"
    assert (await refusal(claim(world, guest, ""))).kind == "unauthenticated"


async def test_catalog_away_refuses_the_edit_and_says_who(world: World) -> None:
    cart = await world.new_cart()
    world.catalog.away = True
    error = await refusal(add(world, cart, world.sold()))
    assert (error.kind, error.extra["service"]) == ("unavailable", "catalog")
    assert (await world.cart(cart)).version == 1
