"""Orders paid through providers that other companies run, webhooks and all."""

import json

import pytest

from simulators import stripe
from simulators.stripe import StripeSimulator
from tests.e2e.marketplace import Account, Json, Marketplace, Product
from tests.e2e.stack import Stack

STRIPE_PATH = "/v1/webhooks/payments/stripe"
MPESA_PATH = "/v1/webhooks/payments/mpesa"
WAYS = {
    "stripe": ("stripe", {"type": "stripe", "token": stripe.NEEDS_3DS}, "redirect"),
    "mpesa": ("daraja", {"type": "mpesa", "phone": "+254712345678"}, "stk_push"),
}


async def captured(market: Marketplace, order: Json) -> int:
    answer = await market.client.get(
        f"/v1/orders/{order['id']}/payments", headers={"X-Order-Token": order["token"]}
    )
    (payment,) = answer.json()["items"]
    return int(payment["captured"]["amount_minor"])


async def test_a_card_is_charged_and_paid_back(
    market: Marketplace, product: Product, admin: Account
) -> None:
    cart = await market.cart((product.variant_id, 1))
    answer = await market.checkout(cart, method={"type": "stripe", "token": stripe.GOOD})
    assert answer.status_code == 201, answer.text
    order = answer.json()
    await market.order_becomes(order, status="confirmed", payment_status="captured")
    refund = await market.client.post(
        f"/v1/orders/{order['id']}/refunds",
        json={"reason": "broken"},
        headers={**admin.headers, "Idempotency-Key": order["id"]},
    )
    assert (refund.status_code, refund.json()["status"]) == (201, "succeeded")
    await market.order_becomes(order, status="confirmed", payment_status="refunded")


@pytest.mark.parametrize(
    ("card", "reason"),
    [(stripe.DECLINED, "declined"), (stripe.NO_FUNDS, "insufficient_funds")],
)
async def test_a_refused_card_leaves_the_cart_open(
    market: Marketplace, product: Product, card: str, reason: str
) -> None:
    cart = await market.cart((product.variant_id, 1))
    refused = await market.checkout(cart, method={"type": "stripe", "token": card})
    assert (refused.status_code, refused.json()["reason"]) == (402, reason)


@pytest.mark.parametrize("way", sorted(WAYS))
async def test_what_its_buyer_completes_elsewhere_is_confirmed_by_webhook(
    stack: Stack, market: Marketplace, product: Product, way: str
) -> None:
    """The simulators tell everything twice and newest first."""
    simulator, method, action = WAYS[way]
    cart = await market.cart((product.variant_id, 1))
    answer = await market.checkout(cart, method=method)
    assert answer.status_code == 202, answer.text
    order = answer.json()
    assert (order["status"], order["next_action"]["type"]) == ("awaiting_payment", action)
    assert bool(order["next_action"].get("url")) == (way == "stripe")
    await stack.providers.buyers(simulator, pay=True)
    await market.order_becomes(order, status="confirmed", payment_status="captured")
    assert await captured(market, order) == order["totals"]["total"]["amount_minor"]


@pytest.mark.parametrize("way", sorted(WAYS))
async def test_what_its_buyer_refuses_elsewhere_is_cancelled(
    stack: Stack, market: Marketplace, product: Product, way: str
) -> None:
    simulator, method, _ = WAYS[way]
    cart = await market.cart((product.variant_id, 1))
    order = (await market.checkout(cart, method=method)).json()
    await stack.providers.buyers(simulator, pay=False)
    await market.order_becomes(order, status="cancelled")
    assert await captured(market, order) == 0


async def test_the_ways_to_pay_are_for_a_currency_and_a_country(market: Marketplace) -> None:
    async def types(query: str) -> list[str]:
        answer = await market.client.get(f"/v1/payment-methods{query}")
        return [each["type"] for each in answer.json()["items"]]

    everywhere = ["sandbox", "stripe", "mpesa", "cash_on_delivery"]
    assert await types("") == everywhere
    assert await types("?currency=KES&country=KE") == everywhere
    assert "mpesa" not in await types("?currency=USD&country=KE")
    assert "mpesa" not in await types("?currency=KES&country=UG")


def signed(event: object, secret: str, at: int | None = None) -> tuple[bytes, dict[str, str]]:
    body, signature = StripeSimulator(webhook_secret=secret).signed(event, at)  # type: ignore[arg-type]
    return body, {"Content-Type": "application/json", "Stripe-Signature": signature}


async def test_webhooks_of_nonsense_are_refused(stack: Stack, market: Marketplace) -> None:
    secret = stack.providers.webhook_secret
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {}}}
    plain = {"Content-Type": "application/json"}
    good, good_headers = signed(event, secret)
    table = [
        (STRIPE_PATH, signed(event, "whsec_other"), 401, "signature_invalid"),
        (STRIPE_PATH, (good, plain), 401, "signature_invalid"),
        (STRIPE_PATH, (good + b" ", good_headers), 401, "signature_invalid"),
        (STRIPE_PATH, (good, {**plain, "Stripe-Signature": "x" * 5000}), 401, "signature_invalid"),
        (STRIPE_PATH, signed(event, secret, 1_700_000_000), 401, "signature_expired"),
        (STRIPE_PATH, signed({"id": 1}, secret), 400, "malformed_webhook"),
        (STRIPE_PATH, signed([], secret), 422, "validation_failed"),
        (STRIPE_PATH, (b"{", plain), 400, "malformed_json"),
        (STRIPE_PATH, (b"{}", {"Content-Type": "text/plain"}), 415, "unsupported_media_type"),
        (STRIPE_PATH, (b" " * 300_000, plain), 413, "body_too_large"),
        (MPESA_PATH, (b"{}", plain), 401, "signature_invalid"),
        (f"{MPESA_PATH}?kind=push&attempt=x&until=1&mac=ab", (b"{}", plain), 401, None),
        (f"{MPESA_PATH}?mac={'a' * 2000}", (b"{}", plain), 400, "malformed_webhook"),
        ("/v1/webhooks/payments/nobody", (b"{}", plain), 404, "not_found"),
    ]
    for path, (body, headers), status, code in table:
        answer = await market.client.post(path, content=body, headers=headers)
        assert answer.status_code == status, (path, body[:80], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert code in (None, json.loads(answer.text)["code"])
    for _ in range(2):
        answer = await market.client.post(STRIPE_PATH, content=good, headers=good_headers)
        assert (answer.status_code, answer.json()) == (200, {"received": True})
