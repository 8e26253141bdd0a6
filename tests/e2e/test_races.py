"""Many at once: nothing is sold twice, nobody is charged twice, and no answer is a 500."""

import asyncio
from collections import Counter

import httpx

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, Product


def tally(answers: list[httpx.Response]) -> Counter[tuple[int, str]]:
    return Counter(
        (answer.status_code, answer.json().get("code", answer.json().get("status", "")))
        for answer in answers
    )


async def one_payment(market: Marketplace, order: dict[str, object]) -> bool:
    answer = await market.client.get(
        f"/v1/orders/{order['id']}/payments", headers={"X-Order-Token": str(order["token"])}
    )
    payments = answer.json()["items"]
    return len(payments) == 1 and payments[0]["captured"] == payments[0]["amount"]


async def test_a_hundred_buyers_of_ten_units(
    market: Marketplace, seller: tuple[Account, str], category: str
) -> None:
    owner, seller_id = seller
    scarce = await market.product(owner, seller_id, category, on_hand=10)
    carts = await asyncio.gather(*(market.cart((scarce.variant_id, 1)) for _ in range(100)))
    answers = await asyncio.gather(*(market.checkout(cart) for cart in carts))
    counted = tally(list(answers))
    assert counted == {(201, "confirmed"): 10, (409, "out_of_stock"): 90}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["lines"] == [{"variant_id": scarce.variant_id, "requested": 1, "available": 0}]

    async def settled() -> bool:
        stock = await market.stock(owner, scarce.variant_id)
        return (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 10, 0)

    await eventually(settled, timeout_s=30)


async def test_two_sku_carts_in_opposite_orders_do_not_deadlock(
    market: Marketplace, seller: tuple[Account, str], category: str
) -> None:
    owner, seller_id = seller
    first = await market.product(owner, seller_id, category, on_hand=15)
    second = await market.product(owner, seller_id, category, on_hand=15)
    lines = [(first.variant_id, 1), (second.variant_id, 1)]
    carts = await asyncio.gather(
        *(market.cart(*(lines if turn % 2 else reversed(lines))) for turn in range(40))
    )
    answers = await asyncio.gather(*(market.checkout(cart) for cart in carts))
    assert tally(list(answers)) == {(201, "confirmed"): 15, (409, "out_of_stock"): 25}


async def test_five_hundred_buyers_of_twenty_five_units(
    market: Marketplace, seller: tuple[Account, str], category: str
) -> None:
    owner, seller_id = seller
    scarce = await market.product(owner, seller_id, category, on_hand=25)
    carts = await asyncio.gather(*(market.cart((scarce.variant_id, 1)) for _ in range(500)))
    answers = await asyncio.gather(*(market.checkout(cart) for cart in carts))
    assert tally(list(answers)) == {(201, "confirmed"): 25, (409, "out_of_stock"): 475}
    orders = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(orders) == 25

    async def sold_out() -> bool:
        stock = await market.stock(owner, scarce.variant_id)
        return (stock["on_hand"], stock["reserved"], stock["available"]) == (25, 25, 0)

    await eventually(sold_out, timeout_s=30)


async def test_a_hundred_identical_checkouts_are_one_order_and_one_charge(
    market: Marketplace, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    answers = await asyncio.gather(*(market.checkout(cart, key="one-key") for _ in range(100)))
    counted = tally(list(answers))
    assert set(counted) <= {(201, "confirmed"), (409, "idempotency_in_flight")}, counted
    orders = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(orders) == 1
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    assert len(replayed) == counted[201, "confirmed"] - 1
    order = next(answer.json() for answer in answers if answer.status_code == 201)

    async def charged_once() -> bool:
        return await one_payment(market, order)

    await eventually(charged_once, timeout_s=30)


async def test_fifty_checkouts_of_one_cart_with_fifty_keys(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 1))
    answers = await asyncio.gather(
        *(market.checkout(cart, key=f"key-{turn}") for turn in range(50))
    )
    counted = tally(list(answers))
    assert counted[201, "confirmed"] == 1, counted
    assert set(counted) <= {
        (201, "confirmed"),
        (200, "confirmed"),
        (409, "checkout_in_flight"),
    }, counted
    orders = {answer.json()["id"] for answer in answers if answer.status_code < 300}
    assert len(orders) == 1
    order = next(answer.json() for answer in answers if answer.status_code == 201)

    async def charged_and_reserved_once() -> bool:
        stock = await market.stock(owner, product.variant_id)
        return stock["reserved"] == 1 and await one_payment(market, order)

    await eventually(charged_and_reserved_once, timeout_s=30)


async def test_one_key_with_another_body_is_refused(market: Marketplace, product: Product) -> None:
    cart = await market.cart((product.variant_id, 1))
    first = await market.checkout(cart, key="same")
    assert first.status_code == 201
    other = await market.checkout(cart, key="same", email="other@test.example")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_cart_that_is_edited_while_it_is_placed_sells_what_it_showed(
    market: Marketplace, product: Product
) -> None:
    for _ in range(10):
        cart = await market.cart((product.variant_id, 1))
        (item,) = cart["items"]
        edit = market.client.patch(
            f"/v1/carts/{cart['id']}/items/{item['id']}",
            json={"quantity": 7},
            headers={"X-Cart-Token": cart["token"]},
        )
        bought, edited = await asyncio.gather(market.checkout(cart), edit)
        assert bought.status_code == 201, bought.text
        (line,) = bought.json()["items"]
        if edited.status_code == 200:
            assert line["quantity"] == 7
        else:
            assert (edited.status_code, edited.json()["code"]) == (409, "cart_checked_out")
            assert line["quantity"] == 1


async def test_expected_total_guards_against_a_changed_price(
    market: Marketplace, product: Product
) -> None:
    cart = await market.cart((product.variant_id, 1))
    wrong = {"amount_minor": 1, "currency": "KES"}
    refused = await market.checkout(cart, expected_total=wrong)
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert (await market.checkout(cart, expected_total=cart["totals"]["total"])).status_code == 201
