"""Things to test with, ordinary unless a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.actor import GUEST, Actor
from chassis.ids import format_id, new_id
from orders.app.checkout_cart import CheckoutCart
from orders.app.ports import Key
from orders.app.reservation_cap import ReservationCap
from orders.domain.address import Address
from orders.domain.cart import OPEN, Cart
from orders.domain.checkout import Checkout, begin
from orders.domain.order import Placement, place
from orders.domain.saga import PaymentMethod
from orders.domain.variant import Variant

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=30)
SECRET = "a secret of at least thirty-two characters"
NO_CAP = ReservationCap(SECRET)
ADDRESS = Address("Sample Buyer", "Moi Avenue 1", "", "Nairobi", "", "00100", "KE", "")
EMAIL = "sample@soko.example"


def an_id(prefix: str) -> str:
    return format_id(prefix, new_id())


SELLER = an_id("sel")
OTHER_SELLER = an_id("sel")


def make_variant(**values: Any) -> Variant:
    defaults: dict[str, Any] = {
        "id": an_id("var"),
        "product_id": an_id("prd"),
        "seller_id": SELLER,
        "seller_name": "Duka",
        "category_id": an_id("cat"),
        "title": "Kikoi",
        "sku": "KIK-1",
        "prices": {"KES": 129_900},
        "available": 50,
        "for_sale": True,
    }
    return Variant(**{**defaults, **values})


def make_cart(*variants: Variant, quantity: int = 1, **values: Any) -> Cart:
    cart = Cart(
        **{
            "id": an_id("cart"),
            "account_id": "",
            "token_generation": 0 if values.get("account_id") else 1,
            "status": OPEN,
            "currency": "KES",
            "currency_fixed": False,
            "country": "KE",
            "items": (),
            "email": EMAIL,
            "shipping_address": ADDRESS,
            "version": 1,
            **values,
        }
    )
    for variant in variants:
        cart = cart.add(variant, quantity, an_id("item"))
    return cart


def make_key(**values: Any) -> Key:
    return Key(**{"scope": "scope", "key": an_id("k"), "fingerprint": "print", **values})


def make_actor(account_id: str = "", *roles: str, **memberships: str) -> Actor:
    if not account_id:
        return GUEST
    return Actor(
        kind="account",
        account_id=account_id,
        roles=frozenset(roles),
        memberships={seller: role for role, seller in memberships.items()},
    )


def make_checkout(*variants: Variant, token: str = "tok_success", **values: Any) -> Checkout:
    cart = make_cart(*(variants or (make_variant(),)), **values)
    return place_from(cart, token=token)


def place_from(cart: Cart, *, token: str = "tok_success", now: datetime = NOW) -> Checkout:
    placement = Placement(
        number=an_id("n"),
        email=EMAIL,
        locale="sw",
        shipping_address=ADDRESS,
        expires_at=now + WINDOW,
        now=now,
    )
    method = PaymentMethod("sandbox", token, "")
    return begin(place(cart, placement, an_id), method, "")


def make_command(cart: Cart, token: str, **values: Any) -> CheckoutCart:
    defaults: dict[str, Any] = {
        "cart_id": cart.id,
        "token": token,
        "actor": GUEST,
        "key": make_key(),
        "method": PaymentMethod("sandbox", "tok_success", ""),
        "email": "",
        "shipping_address": None,
        "expected_total": None,
        "locale": "",
        "client_address": "",
        "traceparent": "",
        "budget_s": 4.0,
    }
    return CheckoutCart(**{**defaults, **values})
