from __future__ import annotations

from dataclasses import replace

import pytest

from orders.domain.cart import CHECKED_OUT, MAX_LINES, MAX_QUANTITY
from orders.domain.errors import (
    AmountTooLarge,
    CartCheckedOut,
    CartFull,
    CurrencyMismatch,
    InsufficientStock,
    NotForSale,
    NotFound,
    QuantityOutOfRange,
)
from services.orders.tests.builders import ADDRESS, an_id, make_cart, make_variant


def test_the_total_is_what_the_lines_cost() -> None:
    cart = make_cart(make_variant(prices={"KES": 199}), make_variant(prices={"KES": 1}), quantity=3)
    assert (cart.totals.subtotal, cart.totals.total) == (600, 600)


def test_each_change_is_the_next_version() -> None:
    cart = make_cart()
    changed = cart.with_email("a@soko.example").with_shipping_address(ADDRESS)
    assert changed.version == cart.version + 2


def test_a_line_that_grows_takes_today_s_price() -> None:
    variant = make_variant(prices={"KES": 100})
    cart = make_cart(variant).add(replace(variant, prices={"KES": 90}), 1, an_id("item"))
    assert [(i.quantity, i.unit_price_minor) for i in cart.items] == [(2, 90)]


def test_the_first_line_fixes_the_currency_unless_it_was_chosen() -> None:
    dollars = make_variant(prices={"USD": 5})
    assert make_cart(dollars).currency == "USD"
    both = make_variant(prices={"USD": 5, "KES": 600})
    assert make_cart(both).currency == "KES"
    with pytest.raises(CurrencyMismatch):
        make_cart(dollars, currency_fixed=True)


@pytest.mark.parametrize(
    ("variant", "quantity", "error"),
    [
        (make_variant(), 0, QuantityOutOfRange),
        (make_variant(available=10**6), MAX_QUANTITY + 1, QuantityOutOfRange),
        (make_variant(available=2), 3, InsufficientStock),
        (make_variant(for_sale=False), 1, NotForSale),
        (make_variant(prices={"KES": 2**53 - 1}), 2, AmountTooLarge),
    ],
)
def test_what_cannot_be_had_is_refused(variant, quantity, error) -> None:
    with pytest.raises(error):
        make_cart().add(variant, quantity, an_id("item"))


def test_the_sum_of_lines_is_bounded_too() -> None:
    huge = {"KES": 2**53 - 1}
    with pytest.raises(AmountTooLarge):
        make_cart(make_variant(prices=huge), make_variant(prices=huge))


def test_a_cart_has_a_bounded_number_of_lines() -> None:
    cart = make_cart(*(make_variant() for _ in range(MAX_LINES)))
    with pytest.raises(CartFull):
        cart.add(make_variant(), 1, an_id("item"))


def test_a_checked_out_cart_cannot_be_changed() -> None:
    cart = replace(make_cart(make_variant()), status=CHECKED_OUT)
    for change in (
        lambda: cart.add(make_variant(), 1, an_id("item")),
        lambda: cart.remove(cart.items[0].id),
        lambda: cart.with_email("x@soko.example"),
        lambda: cart.claimed_by(an_id("usr")),
    ):
        with pytest.raises(CartCheckedOut):
            change()


def test_an_unknown_line_is_not_found() -> None:
    with pytest.raises(NotFound):
        make_cart().remove(an_id("item"))


def test_a_merge_loses_no_line_and_no_unit() -> None:
    shared, own_only, guests_only = make_variant(), make_variant(), make_variant()
    own, guest = make_cart(shared, own_only), make_cart(shared, guests_only, quantity=2)
    merged = own.absorb(guest)
    assert {i.variant_id: i.quantity for i in merged.items} == {
        shared.id: 3,
        own_only.id: 1,
        guests_only.id: 2,
    }


def test_a_merge_stops_at_the_largest_quantity_of_a_line() -> None:
    variant = make_variant(available=10**6)
    own, guest = make_cart(variant, quantity=9_000), make_cart(variant, quantity=9_000)
    assert own.absorb(guest).items[0].quantity == MAX_QUANTITY


def test_a_merge_of_another_currency_is_refused_unless_one_is_empty() -> None:
    dollars = make_cart(make_variant(prices={"USD": 5}))
    with pytest.raises(CurrencyMismatch):
        make_cart(make_variant()).absorb(dollars)
    assert make_cart().absorb(dollars).currency == "USD"


def test_a_merge_keeps_the_account_s_own_address() -> None:
    own = make_cart(email="own@soko.example", shipping_address=None)
    merged = own.absorb(make_cart(make_variant()))
    assert (merged.email, merged.shipping_address) == ("own@soko.example", ADDRESS)


def test_a_refresh_leaves_what_is_gone_to_the_buyer() -> None:
    stays, goes = make_variant(prices={"KES": 100}), make_variant(prices={"KES": 100})
    dearer = replace(stays, prices={"KES": 150}, title="New")
    cart = make_cart(stays, goes).refreshed({stays.id: dearer})
    assert [(i.title, i.unit_price_minor) for i in cart.items] == [("New", 150), ("Kikoi", 100)]
