"""What sellers earn, from the delivery to the payout, and what refunds take back."""

from __future__ import annotations

import asyncio
import json
import subprocess
import uuid
from typing import Any

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, Product
from tests.e2e.stack import Stack

PATIENCE_S = 30


async def delivered(
    market: Marketplace, owner: Account, product: Product, method: Any = None
) -> Any:
    cart = await market.cart((product.variant_id, 1))
    placed = (await market.checkout(cart, method=method)).json()
    paid = None if method else "captured"
    order = await market.order_becomes(placed, status="confirmed", payment_status=paid)
    shipped = await market.ship(owner, order, (order["items"][0]["id"], 1))
    assert shipped.status_code == 201, shipped.text
    path = f"/v1/shipments/{shipped.json()['id']}/events"
    told = await market.client.post(path, json={"status": "delivered"}, headers=owner.headers)
    assert told.status_code == 201, told.text
    return order


async def balance(market: Marketplace, owner: Account, seller_id: str) -> dict[str, int]:
    answer = await market.client.get(f"/v1/sellers/{seller_id}/balance", headers=owner.headers)
    assert answer.status_code == 200, answer.text
    names = ("pending", "available", "reserved", "in_transit")
    return {name: answer.json()[name]["amount_minor"] for name in names}


async def becomes(market: Marketplace, owner: Account, seller_id: str, **wanted: int) -> None:
    async def arrived() -> bool:
        found = await balance(market, owner, seller_id)
        assert wanted.items() <= found.items(), found
        return True

    await eventually(arrived, PATIENCE_S)


def keyed(account: Account) -> dict[str, str]:
    return {**account.headers, "Idempotency-Key": uuid.uuid4().hex}


async def test_a_delivered_order_is_paid_out_less_commission(
    market: Marketplace, seller: tuple[Account, str], product: Product, admin: Account
) -> None:
    owner, seller_id = seller
    order = await delivered(market, owner, product)
    earned = product.price_minor - product.price_minor // 10
    await becomes(market, owner, seller_id, pending=0, available=earned)
    path = f"/v1/sellers/{seller_id}/payouts"
    too_much = {"amount": {"amount_minor": earned + 1, "currency": "KES"}}
    refused = await market.client.post(path, json=too_much, headers=keyed(owner))
    assert (refused.status_code, refused.json()["code"]) == (409, "payout_exceeds_available")
    refused_by_the_bank = {"amount": {"amount_minor": 402, "currency": "KES"}}
    failed = await market.client.post(path, json=refused_by_the_bank, headers=keyed(owner))
    assert (failed.json()["status"], failed.json()["failure"]) == ("failed", "account_closed")
    await becomes(market, owner, seller_id, available=earned, in_transit=0)
    key = keyed(owner)
    sent = [await market.client.post(path, json={}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    assert sent[1].headers["Idempotent-Replayed"] == "true"
    assert (sent[0].json()["status"], sent[0].json()["amount"]["amount_minor"]) == ("paid", earned)
    listed = await market.client.get(path, headers=owner.headers)
    assert [each["id"] for each in listed.json()["items"]] == [
        sent[0].json()["id"],
        failed.json()["id"],
    ]
    await becomes(market, owner, seller_id, available=0)
    refund = await market.client.post(
        f"/v1/orders/{order['id']}/refunds", json={"reason": "Broken"}, headers=keyed(owner)
    )
    assert refund.status_code == 201, refund.text
    await becomes(market, owner, seller_id, available=-earned)
    entries = await market.client.get(
        "/v1/ledger/entries", params={"order_id": order["id"], "limit": 100}, headers=admin.headers
    )
    amounts = [each["amount"]["amount_minor"] for each in entries.json()["items"]]
    assert sum(amounts) == 0
    assert {each["event"] for each in entries.json()["items"]} == {
        "capture",
        "split",
        "commission",
        "refund_requested",
        "refund_succeeded",
    }


async def test_cash_is_the_sellers_when_it_was_collected(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, seller_id = seller
    await delivered(market, owner, product, {"type": "cash_on_delivery"})
    earned = product.price_minor - product.price_minor // 10
    await becomes(market, owner, seller_id, available=earned)


async def test_a_sellers_money_is_its_own(
    market: Marketplace, seller: tuple[Account, str], buyer: Account
) -> None:
    _, seller_id = seller
    for path in ("balance", "payouts"):
        url = f"/v1/sellers/{seller_id}/{path}"
        assert (await market.client.get(url)).status_code == 401
        assert (await market.client.get(url, headers=buyer.headers)).status_code == 403
    url = f"/v1/sellers/{seller_id}/payouts"
    assert (await market.client.post(url, json={}, headers=keyed(buyer))).status_code == 403
    missing = await market.client.post(url, json={}, headers=buyer.headers)
    assert missing.json()["code"] == "idempotency_key_required"
    for url in ("/v1/commission-rules", "/v1/ops/reconciliation"):
        assert (await market.client.get(url, headers=buyer.headers)).status_code == 403


async def test_the_books_agree_with_the_sandbox(
    market: Marketplace, admin: Account, stack: Stack
) -> None:
    answer = await market.client.get("/v1/ops/reconciliation", headers=admin.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == []
    assert answer.json()["complete"]
    url = "/v1/ops/reconciliation?until=0001-01-01T00:00:00Z"
    assert (await market.client.get(url, headers=admin.headers)).status_code == 422
    told = json.loads(await asyncio.to_thread(stack.run, "reconcile", "--json"))
    assert told.keys() == answer.json().keys()
    assert told["items"] == []
    unknown = await asyncio.create_subprocess_exec(
        *stack.command("reconcile", "--provider", "nobody"),
        env=stack.environ,
        stderr=subprocess.PIPE,
    )
    _, error = await unknown.communicate()
    assert unknown.returncode == 2
    assert b"could not be compared" in error
