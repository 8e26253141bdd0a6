"""The whole purchase, as a guest and with an account."""

from collections import defaultdict

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, Product, bearer
from tests.e2e.stack import Stack


async def test_a_guest_buys_and_stock_money_and_mail_follow(
    market: Marketplace, stack: Stack, seller: tuple[Account, str], product: Product, admin: Account
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 2), email="guest.buyer@test.example")
    assert cart["totals"]["total"] == {"amount_minor": 259_800, "currency": "KES"}

    answer = await market.checkout(cart)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["status"] == "confirmed"
    assert order["totals"]["total"] == cart["totals"]["total"]

    order = {
        **order,
        **await market.order_becomes(order, status="confirmed", payment_status="captured"),
    }
    stock = await market.stock(owner, product.variant_id)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (100, 2, 98)

    entries = await market.client.get(
        "/v1/ledger/entries", params={"order_id": order["id"]}, headers=admin.headers
    )
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries.json()["items"]:
        money = entry["amount"]
        sums[entry["transaction_id"], money["currency"]] += money["amount_minor"]
    assert sums
    assert set(sums.values()) == {0}

    mails = []

    async def mail_arrived() -> bool:
        mails[:] = [mail for mail in stack.mails() if order["number"] in mail["subject"]]
        return bool(mails)

    await eventually(mail_arrived, timeout_s=30)
    assert mails[0]["to"] == ["guest.buyer@test.example"]
    assert len(mails) == 1

    answer = await market.client.get(
        f"/v1/orders/{order['id']}/timeline", headers={"X-Order-Token": order["token"]}
    )
    items = answer.json()["items"]
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)
    assert {(item["kind"], item["name"]) for item in items} >= {
        ("step", "placing"),
        ("step", "done"),
        ("event", "order_confirmed"),
        ("payment", "attempt"),
        ("payment", "payment_captured"),
        ("notice", "mail"),
    }
    assert all(len(item["trace_id"]) == 32 for item in items)


async def test_an_account_buys_reads_and_lists_its_order(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, seller_id = seller
    buyer, stranger = await market.register(), await market.register()
    cart = await market.cart((product.variant_id, 1), account=buyer, email=None)
    assert "token" not in cart

    answer = await market.checkout(cart, account=buyer)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["email"] == buyer.email

    listed = await market.client.get("/v1/orders", headers=buyer.headers)
    assert [item["id"] for item in listed.json()["items"]] == [order["id"]]
    foreign = await market.client.get(f"/v1/orders/{order['id']}", headers=stranger.headers)
    assert foreign.status_code == 404
    anonymous = await market.client.get(f"/v1/orders/{order['id']}")
    assert anonymous.status_code == 401

    async def notified() -> bool:
        inbox = await market.client.get("/v1/notifications", headers=buyer.headers)
        return any(item["subject_id"] == order["id"] for item in inbox.json()["items"])

    await eventually(notified, timeout_s=30)
    sold = await market.client.get(f"/v1/sellers/{seller_id}/orders", headers=owner.headers)
    assert order["id"] in [item["id"] for item in sold.json()["items"]]


async def test_a_seller_sees_its_own_lines_only(
    market: Marketplace, seller: tuple[Account, str], product: Product, category: str
) -> None:
    owner, seller_id = seller
    other_owner, other_seller = await market.open_seller()
    other = await market.product(other_owner, other_seller, category, on_hand=5, price_minor=500)
    cart = await market.cart((product.variant_id, 1), (other.variant_id, 3))
    order = (await market.checkout(cart)).json()
    assert len(order["seller_orders"]) == 2

    for account, own_seller, variant, total in (
        (owner, seller_id, product.variant_id, 129_900),
        (other_owner, other_seller, other.variant_id, 1500),
    ):
        answer = await market.client.get(
            f"/v1/sellers/{own_seller}/orders", headers=account.headers
        )
        seen = next(item for item in answer.json()["items"] if item["id"] == order["id"])
        assert [item["variant_id"] for item in seen["items"]] == [variant]
        assert [part["seller"]["id"] for part in seen["seller_orders"]] == [own_seller]
        assert seen["seller_orders"][0]["totals"]["total"]["amount_minor"] == total
    foreign = await market.client.get(
        f"/v1/sellers/{seller_id}/orders", headers=other_owner.headers
    )
    assert foreign.status_code in {403, 404}


async def test_a_guests_cart_is_claimed_and_merged(
    market: Marketplace, product: Product, buyer: Account
) -> None:
    own = await market.cart((product.variant_id, 1), account=buyer)
    guest = await market.cart((product.variant_id, 2))
    claimed = await market.client.post(
        f"/v1/carts/{guest['id']}/claim",
        headers={**buyer.headers, "X-Cart-Token": guest["token"]},
    )
    assert claimed.status_code == 200, claimed.text
    merged = await market.client.get("/v1/me/cart", headers=buyer.headers)
    assert [(item["variant_id"], item["quantity"]) for item in merged.json()["items"]] == [
        (product.variant_id, 3)
    ]
    assert own["id"]
    stale = await market.client.get(
        f"/v1/carts/{guest['id']}", headers={"X-Cart-Token": guest["token"]}
    )
    assert stale.status_code in {200, 404}


async def test_a_confirmed_order_is_cancelled_and_everything_goes_back(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 4))
    order = (await market.checkout(cart)).json()
    await market.order_becomes(order, status="confirmed", payment_status="captured")
    cancelled = await market.client.post(
        f"/v1/orders/{order['id']}/cancel",
        json={"reason": "changed my mind"},
        headers={"X-Order-Token": order["token"], "Idempotency-Key": order["id"]},
    )
    assert cancelled.status_code == 200, cancelled.text
    await market.order_becomes(order, status="cancelled", payment_status="refunded")

    async def stock_is_back() -> bool:
        return (await market.stock(owner, product.variant_id))["available"] == 100

    await eventually(stock_is_back, timeout_s=30)


async def test_logout_ends_the_session_at_once(market: Marketplace) -> None:
    account = await market.register()
    answer = await market.client.post("/v1/auth/logout", headers=account.headers)
    assert answer.status_code == 204
    for path in ("/v1/me", "/v1/orders"):
        assert (await market.client.get(path, headers=account.headers)).status_code == 401
    refreshed = await market.client.post(
        "/v1/auth/refresh", json={"refresh_token": account.tokens["refresh_token"]}
    )
    assert refreshed.status_code == 401


async def test_a_reused_refresh_token_ends_the_whole_family(market: Marketplace) -> None:
    account = await market.register()
    first = account.tokens["refresh_token"]
    rotated = await market.client.post("/v1/auth/refresh", json={"refresh_token": first})
    assert rotated.status_code == 200
    reused = await market.client.post("/v1/auth/refresh", json={"refresh_token": first})
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    last = await market.client.post(
        "/v1/auth/refresh", json={"refresh_token": rotated.json()["refresh_token"]}
    )
    assert last.status_code == 401
    me = await market.client.get("/v1/me", headers=bearer(rotated.json()["access_token"]))
    assert me.status_code == 401


async def test_a_price_change_is_visible_within_a_second(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    path = f"/v1/products/{product.id}"
    before = await market.client.get(path)
    changed = await market.client.patch(
        f"/v1/variants/{product.variant_id}",
        json={"price": {"amount_minor": 99_900, "currency": "KES"}},
        headers={**owner.headers, "If-Match": before.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text

    async def visible() -> bool:
        read = await market.client.get(path)
        price: dict[str, object] = read.json()["variants"][0]["price"]
        return price["amount_minor"] == 99_900

    await eventually(visible, timeout_s=1)


async def test_a_refund_goes_back_and_cannot_exceed_what_was_captured(
    market: Marketplace, product: Product, admin: Account
) -> None:
    cart = await market.cart((product.variant_id, 1))
    order = (await market.checkout(cart)).json()
    await market.order_becomes(order, status="confirmed", payment_status="captured")
    body = {"amount": {"amount_minor": 100_000, "currency": "KES"}, "reason": "damaged"}
    headers = {**admin.headers, "Idempotency-Key": "refund-" + order["id"]}
    refund = await market.client.post(
        f"/v1/orders/{order['id']}/refunds", json=body, headers=headers
    )
    assert refund.status_code == 201, refund.text
    again = await market.client.post(
        f"/v1/orders/{order['id']}/refunds", json=body, headers=headers
    )
    assert again.json()["id"] == refund.json()["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    too_much = await market.client.post(
        f"/v1/orders/{order['id']}/refunds",
        json=body,
        headers={**admin.headers, "Idempotency-Key": "again-" + order["id"]},
    )
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_exceeds_captured")
    await market.order_becomes(order, status="confirmed", payment_status="partially_refunded")
