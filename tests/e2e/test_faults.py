"""Services that die: the rest serves, and a checkout that was caught ends right."""

import asyncio
from collections import Counter

import httpx
import pytest

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Json, Marketplace, Product
from tests.e2e.stack import Stack


async def buy(market: Marketplace, product: Product) -> Json | None:
    """Check a cart out until it is an order, as a patient client with one key does."""
    orders: list[Json] = []

    async def placed() -> bool:
        try:
            if not orders:
                cart = await market.cart((product.variant_id, 1))
                orders.append(cart)
            answer = await market.checkout(orders[0], key=orders[0]["id"])
        except (httpx.TransportError, AssertionError):
            return False
        assert answer.status_code != 500, answer.text
        if answer.status_code in {200, 201, 202}:
            orders.append(answer.json())
            return True
        assert answer.status_code in {409, 503, 504}, answer.text
        return False

    await eventually(placed, timeout_s=60)
    return orders[-1]


@pytest.mark.parametrize("service", ["catalog", "payments", "orders"])
async def test_checkouts_survive_a_service_killed_in_the_middle(
    market: Marketplace,
    stack: Stack,
    seller: tuple[Account, str],
    product: Product,
    service: str,
) -> None:
    owner, _ = seller
    buyers = [asyncio.create_task(buy(market, product)) for _ in range(12)]

    async def one_is_through() -> bool:
        return any(task.done() for task in buyers)

    await eventually(one_is_through, timeout_s=30)
    stack.kill(service)
    more = [asyncio.create_task(buy(market, product)) for _ in range(12)]
    orders = await asyncio.gather(*buyers, *more)

    await eventually(market.is_ready, timeout_s=30)
    ends: Counter[str] = Counter()
    for order in orders:
        assert order is not None
        end = await market.order_becomes(order, status="confirmed", payment_status="captured")
        ends[end["status"]] += 1
        answer = await market.client.get(
            f"/v1/orders/{order['id']}/payments", headers={"X-Order-Token": order["token"]}
        )
        (payment,) = answer.json()["items"]
        assert payment["captured"]["amount_minor"] == product.price_minor
    assert ends == {"confirmed": 24}

    async def exactly_the_sold_units_are_reserved() -> bool:
        stock = await market.stock(owner, product.variant_id)
        return stock["reserved"] == 24

    await eventually(exactly_the_sold_units_are_reserved, timeout_s=30)


async def test_a_service_that_is_away_is_named_and_the_rest_serves(
    market: Marketplace, stack: Stack, product: Product
) -> None:
    with stack.frozen("payments"):
        listed = await market.client.get("/v1/products", headers={"Cache-Control": "no-cache"})
        assert listed.status_code == 200
        cart = await market.cart((product.variant_id, 1))
        answer = await market.client.get("/v1/payment-methods")
        assert answer.status_code in {503, 504}, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["service"] == "payments"
        assert int(answer.headers["Retry-After"]) >= 1
        caught = await market.checkout(cart)
        assert caught.status_code == 202, caught.text
    await market.order_becomes(caught.json(), status="confirmed", payment_status="captured")
    await eventually(market.is_ready, timeout_s=30)


async def test_mail_and_live_updates_catch_up_after_notifications_was_killed(
    market: Marketplace, stack: Stack, product: Product
) -> None:
    stack.kill("notifications")
    order = (await market.checkout(await market.cart((product.variant_id, 1)))).json()

    async def mail_arrived() -> bool:
        return any(order["number"] in mail["subject"] for mail in stack.mails())

    await eventually(mail_arrived, timeout_s=60)
    await eventually(market.is_ready, timeout_s=30)
