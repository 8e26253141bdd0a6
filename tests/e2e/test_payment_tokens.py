"""Every token of the sandbox provider, from checkout to the end of the order."""

import time

from devstack.testing import eventually
from tests.e2e.marketplace import SUCCESS, Account, Marketplace, Product


def sandbox(token: str) -> dict[str, str]:
    return {"type": "sandbox", "token": token}


async def test_a_declined_card_and_then_a_good_one_on_the_same_cart(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 1))
    for token, reason in (
        ("tok_declined", "declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
    ):
        refused = await market.checkout(cart, method=sandbox(token), key=token + cart["id"])
        assert refused.status_code == 402, refused.text
        problem = refused.json()
        assert (problem["code"], problem["reason"]) == ("payment_declined", reason)
        assert problem["order_id"].startswith("ord_")
        replayed = await market.checkout(cart, method=sandbox(token), key=token + cart["id"])
        assert replayed.status_code == 402
        assert replayed.headers["Idempotent-Replayed"] == "true"
        assert replayed.json()["order_id"] == problem["order_id"]

    bought = await market.checkout(cart, method=SUCCESS)
    assert bought.status_code == 201, bought.text

    async def one_is_sold() -> bool:
        return (await market.stock(owner, product.variant_id))["reserved"] == 1

    await eventually(one_is_sold, timeout_s=30)


async def test_a_provider_that_never_answers_leaves_the_order_to_resolve_itself(
    market: Marketplace, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    started = time.monotonic()
    answer = await market.checkout(cart, method=sandbox("tok_timeout"))
    assert answer.status_code == 202, answer.text
    assert time.monotonic() - started < 5
    order = answer.json()
    assert order["status"] == "pending"
    await market.order_becomes(order, status="confirmed", payment_status="captured")
    payments = await market.client.get(
        f"/v1/orders/{order['id']}/payments", headers={"X-Order-Token": order["token"]}
    )
    (payment,) = payments.json()["items"]
    assert payment["captured"] == payment["amount"]


async def test_a_provider_that_fails_twice_recovers(market: Marketplace, product: Product) -> None:
    cart = await market.cart((product.variant_id, 1))
    answer = await market.checkout(cart, method=sandbox("tok_error"))
    assert answer.status_code in {201, 202}, answer.text
    await market.order_becomes(answer.json(), status="confirmed", payment_status="captured")


async def test_a_payment_that_the_buyer_completes_later(
    market: Marketplace, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    answer = await market.checkout(cart, method=sandbox("tok_async"))
    assert answer.status_code == 202, answer.text
    order = answer.json()
    assert order["status"] == "awaiting_payment"
    assert order["next_action"]["type"] == "sandbox"
    payment_id = order["next_action"]["payment_id"]
    for _ in range(2):
        decided = await market.client.post(f"/v1/sandbox/payments/{payment_id}/succeed")
        assert decided.status_code == 200, decided.text
    opposite = await market.client.post(f"/v1/sandbox/payments/{payment_id}/fail")
    assert opposite.status_code == 409
    await market.order_becomes(order, status="confirmed", payment_status="captured")


async def test_a_payment_that_fails_later_cancels_and_reopens_the_cart(
    market: Marketplace, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    order = (await market.checkout(cart, method=sandbox("tok_async"))).json()
    payment_id = order["next_action"]["payment_id"]
    await market.client.post(f"/v1/sandbox/payments/{payment_id}/fail")
    await market.order_becomes(order, status="cancelled")
    bought: list[int] = []

    async def a_new_key_buys() -> bool:
        answer = await market.checkout(cart)
        bought.append(answer.status_code)
        return answer.status_code == 201

    await eventually(a_new_key_buys, timeout_s=30)
    assert set(bought) <= {201, 409}


async def test_an_unpaid_order_expires_and_its_stock_comes_back(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 5))
    order = (await market.checkout(cart, method=sandbox("tok_async"))).json()
    assert (await market.stock(owner, product.variant_id))["available"] == 95
    expired = await market.order_becomes(order, status="cancelled")
    assert expired["cancel_reason"] == "expired"

    async def stock_is_back() -> bool:
        return (await market.stock(owner, product.variant_id))["available"] == 100

    await eventually(stock_is_back, timeout_s=30)
    late = await market.client.post(
        f"/v1/sandbox/payments/{order['next_action']['payment_id']}/succeed"
    )
    assert late.status_code in {200, 409}
    assert (await market.order(order))["status"] == "cancelled"


async def test_an_unknown_token_or_method_is_refused(market: Marketplace, product: Product) -> None:
    cart = await market.cart((product.variant_id, 1))
    for method in (sandbox("tok_nonsense"), {"type": "seashells"}):
        answer = await market.checkout(cart, method=method)
        assert answer.status_code == 422, answer.text
    assert (await market.checkout(cart)).status_code == 201
