"""Parcels as sellers, carriers and buyers see them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from devstack.testing import eventually
from tests.e2e.marketplace import Account, Marketplace, Product, unique
from tests.e2e.stack import CARRIER_SECRET, Stack

PATIENCE_S = 30
UNKNOWN = "01h455vb4pex5vsknk084sn02q"


async def carrier_tells(market: Marketplace, number: str, status: str) -> httpx.Response:
    """Send a webhook signed by hand, as the Standard Webhooks specification says."""
    event_id, at = unique("event"), str(int(time.time()))
    body = json.dumps(
        {
            "event_id": event_id,
            "tracking_number": number,
            "carrier": "posta",
            "status": status,
            "occurred_at": "2026-11-20T09:30:00Z",
        }
    )
    key = base64.b64decode(CARRIER_SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{event_id}.{at}.{body}".encode(), hashlib.sha256)
    return await market.client.post(
        "/v1/webhooks/delivery",
        content=body,
        headers={
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": at,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        },
    )


async def bought(
    market: Marketplace, product: Product, quantity: int, account: Account | None = None
) -> Any:
    email = account.email if account else "guest@test.example"
    cart = await market.cart((product.variant_id, quantity), account=account, email=email)
    order = (await market.checkout(cart, account=account)).json()
    return await market.order_becomes(
        order, status="confirmed", payment_status="captured", account=account
    )


async def test_an_order_is_shipped_in_two_parcels_delivered_and_completed(
    market: Marketplace,
    stack: Stack,
    seller: tuple[Account, str],
    product: Product,
    buyer: Account,
) -> None:
    owner, _ = seller
    number = unique("KE")
    early = await carrier_tells(market, number, "in_transit")
    assert (early.status_code, early.json()) == (200, {"received": True})
    order = await bought(market, product, 3, account=buyer)
    line = order["items"][0]["id"]
    ticket = (await market.client.post("/v1/ws-tickets", headers=buyer.headers)).json()["ticket"]
    url = f"ws://127.0.0.1:{stack.port}/ws/orders/{order['id']}?ticket={ticket}"
    async with connect(url) as socket:
        first = await market.ship(owner, order, (line, 1), tracking_number=number)
        assert first.status_code == 201, first.text
        second = await market.ship(owner, order, (line, 2))
        path = f"/v1/shipments/{second.json()['id']}/events"
        told = await market.client.post(path, json={"status": "delivered"}, headers=owner.headers)
        assert (told.status_code, told.json()["status"]) == (201, "delivered")
        assert (await carrier_tells(market, number, "delivered")).status_code == 200
        seen: list[Any] = []
        async with asyncio.timeout(PATIENCE_S):
            while not seen or seen[-1]["status"] != "completed":
                seen.append(orjson.loads(await socket.recv()))
    parcels = [message["payload"].get("shipment") for message in seen]
    assert {(parcel["id"], parcel["status"]) for parcel in parcels if parcel} >= {
        (first.json()["id"], "created"),
        (second.json()["id"], "delivered"),
        (first.json()["id"], "delivered"),
    }
    done = await market.order(order, buyer)
    assert (done["status"], done["fulfilment_status"]) == ("completed", "delivered")
    assert [shipment["status"] for shipment in done["shipments"]] == ["delivered", "delivered"]
    assert [event["status"] for event in done["shipments"][0]["events"]][-1] == "delivered"

    async def left() -> bool:
        stock = await market.stock(owner, product.variant_id)
        return (stock["on_hand"], stock["reserved"], stock["available"]) == (97, 0, 97)

    await eventually(left, timeout_s=PATIENCE_S)

    def mailed() -> bool:
        subjects = [m["subject"] for m in stack.mails() if buyer.email in str(m["to"])]
        return (
            sum("on its way" in s for s in subjects) == sum("arrived" in s for s in subjects) == 2
        )

    await eventually(mailed, timeout_s=PATIENCE_S)
    timeline = await market.client.get(f"/v1/orders/{order['id']}/timeline", headers=buyer.headers)
    kinds = [item["name"] for item in timeline.json()["items"] if item["kind"] == "shipment"]
    assert kinds.count("shipment_created") == 2
    assert kinds.count("order_delivered") == 1


async def test_parcels_are_refused_that_cannot_be(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    order = await bought(market, product, 2)
    line = order["items"][0]["id"]
    stranger, _ = await market.open_seller()
    for who, units, status, code in (
        (owner, [(line, 3)], 409, "quantity_not_shippable"),
        (owner, [(line, 1), (line, 2)], 409, "quantity_not_shippable"),
        (owner, [(f"item_{UNKNOWN}", 1)], 422, "item_unknown"),
        (owner, [(line, 0)], 422, "validation_failed"),
        (owner, [], 422, "validation_failed"),
        (stranger, [(line, 1)], 404, "not_found"),
    ):
        answer = await market.ship(who, order, *units)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/problem+json"
    path = f"/v1/orders/{order['id']}/shipments"
    body = {"carrier": "posta", "items": [{"item_id": line, "quantity": 1}]}
    guest = await market.client.post(path, json=body, headers={"X-Order-Token": "t"})
    assert guest.status_code == 401
    parcel = (await market.ship(owner, order, (line, 1))).json()
    events = f"/v1/shipments/{parcel['id']}/events"
    for who, told, status in (
        (owner, {"status": "lost"}, 422),
        (owner, {"status": "delivered", "occurred_at": "2100-01-01T00:00:00Z"}, 422),
        (stranger, {"status": "delivered"}, 404),
    ):
        answer = await market.client.post(events, json=told, headers=who.headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"webhook-signature": "v1,bm8="}, "signature_invalid"),
        ({"webhook-signature": ""}, "signature_invalid"),
        ({"webhook-timestamp": "1700000000"}, "signature_invalid"),
    ],
)
async def test_nobody_but_the_carrier_tells_of_its_parcels(
    market: Marketplace, change: dict[str, str], code: str
) -> None:
    body = {
        "event_id": unique("event"),
        "tracking_number": "KE1",
        "carrier": "posta",
        "status": "delivered",
        "occurred_at": "2026-11-20T09:30:00Z",
    }
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": "v1,AAAA",
        **change,
    }
    answer = await market.client.post("/v1/webhooks/delivery", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_cash_is_collected_with_the_parcel(
    market: Marketplace, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    cart = await market.cart((product.variant_id, 1))
    order = (await market.checkout(cart, method={"type": "cash_on_delivery"})).json()
    assert (order["status"], order["payment_status"]) == ("confirmed", "none")
    parcel = await market.ship(owner, order, (order["items"][0]["id"], 1))
    assert parcel.status_code == 201, parcel.text
    path = f"/v1/shipments/{parcel.json()['id']}/events"
    await market.client.post(path, json={"status": "delivered"}, headers=owner.headers)
    await market.order_becomes(order, status="completed", payment_status="captured")


async def test_stock_leaves_although_catalog_and_orders_died_at_the_door(
    market: Marketplace, stack: Stack, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    order = await bought(market, product, 4)
    stack.kill("catalog")
    parcel = await market.ship(owner, order, (order["items"][0]["id"], 4))
    assert parcel.status_code == 201, parcel.text
    stack.kill("orders")

    async def left() -> bool:
        path = f"/v1/variants/{product.variant_id}/stock"
        answer = await market.client.get(path, headers=owner.headers)
        counts = answer.json() if answer.status_code == 200 else {}
        return (counts.get("on_hand"), counts.get("reserved")) == (96, 0)

    await eventually(left, timeout_s=60)
    await eventually(market.is_ready, timeout_s=30)


async def test_what_a_seller_cannot_deliver_is_paid_back_and_the_rest_arrives(
    market: Marketplace,
    seller: tuple[Account, str],
    product: Product,
    buyer: Account,
    admin: Account,
    stack: Stack,
) -> None:
    owner, _ = seller
    order = await bought(market, product, 3, buyer)
    item, part = order["items"][0]["id"], order["seller_orders"][0]["id"]
    stock = await market.stock(owner, product.variant_id)
    path = f"/v1/seller-orders/{part}/cancel"
    body = {"items": [{"item_id": item, "quantity": 2}], "reason": "Broken in the warehouse"}
    headers = {**owner.headers, "Idempotency-Key": unique("cancel")}
    for _ in range(2):
        cancelled = await market.client.post(path, json=body, headers=headers)
        assert cancelled.status_code == 200, cancelled.text
        assert cancelled.json()["items"][0]["cancelled_quantity"] == 2
    strange = {**buyer.headers, "Idempotency-Key": unique("cancel")}
    assert (await market.client.post(path, json=body, headers=strange)).status_code == 403
    paid_back = await market.order_becomes(
        order, account=buyer, status="confirmed", payment_status="partially_refunded"
    )
    assert paid_back["shipments"] == []
    payments = await market.client.get(f"/v1/orders/{order['id']}/payments", headers=buyer.headers)
    (payment,) = payments.json()["items"]
    assert payment["refunded"]["amount_minor"] == 2 * product.price_minor
    too_many = await market.ship(owner, order, (item, 2))
    assert too_many.json()["code"] == "quantity_not_shippable"
    shipped = await market.ship(owner, order, (item, 1))
    told = await market.client.post(
        f"/v1/shipments/{shipped.json()['id']}/events",
        json={"status": "delivered"},
        headers=owner.headers,
    )
    assert told.status_code == 201, told.text
    await market.order_becomes(order, account=buyer, status="completed")

    async def left_the_stock() -> bool:
        now = await market.stock(owner, product.variant_id)
        return (now["on_hand"], now["reserved"]) == (stock["on_hand"] - 3, stock["reserved"] - 3)

    await eventually(left_the_stock, PATIENCE_S)

    async def all_is_told() -> bool:
        timeline = await market.client.get(
            f"/v1/orders/{order['id']}/timeline", headers=buyer.headers
        )
        names = [entry["name"] for entry in timeline.json()["items"]]
        listed = await market.client.get("/v1/notifications", headers=buyer.headers)
        kinds = [each["kind"] for each in listed.json()["items"]]
        return "order_items_cancelled" in names and "order_items_cancelled" in kinds

    await eventually(all_is_told, PATIENCE_S)
    entries = await market.client.get(
        "/v1/ledger/entries", params={"order_id": order["id"], "limit": 100}, headers=admin.headers
    )
    assert sum(each["amount"]["amount_minor"] for each in entries.json()["items"]) == 0
