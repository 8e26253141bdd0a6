"""An account is deleted, and no database of the deployment knows whose it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

import httpx
import psycopg
from psycopg import sql

from devstack.databases import SERVICES
from devstack.testing import eventually
from tests.e2e.marketplace import PASSWORD, Account, Json, Marketplace, Product, unique
from tests.e2e.stack import Stack

SHORT_LIVED = {"idempotency_key"}
"""Answers that are kept for repeated requests, a day at most."""


async def delete(market: Marketplace, account: Account, password: str = PASSWORD) -> httpx.Response:
    return await market.client.request(
        "DELETE", "/v1/me", headers=account.headers, json={"password": password}
    )


class Planted:
    """Words that name one person, and a look for them into every table."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.mark = unique("Planted").replace("-", "")
        self.email = f"{self.mark}@test.example"
        self.address: Json = {
            "name": f"{self.mark} Name",
            "line1": f"{self.mark} Street",
            "city": f"{self.mark} City",
            "region": f"{self.mark} Region",
            "postal_code": self.mark[-12:],
            "country": "KE",
            "phone": f"+254 {self.mark}",
        }

    def found(self) -> list[str]:
        """Return the tables in which a row holds one of the words."""
        return [
            f"{service}.{table}"
            for service in SERVICES
            for table in self._tables_that_hold_it(service)
        ]

    def _tables_that_hold_it(self, service: str) -> Iterator[str]:
        with psycopg.connect(self._stack.database_url(service)) as connection:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            ).fetchall()
            for (table,) in tables:
                look = sql.SQL(
                    "SELECT 1 FROM {} t WHERE to_jsonb(t)::text ILIKE %(word)s LIMIT 1"
                ).format(sql.Identifier(table))
                word = {"word": f"%{self.mark[-12:]}%"}
                if table not in SHORT_LIVED and connection.execute(look, word).fetchone():
                    yield table


async def test_a_deleted_account_is_forgotten_in_every_database(
    market: Marketplace, stack: Stack, seller: tuple[Account, str], product: Product
) -> None:
    owner, _ = seller
    planted = Planted(stack)
    buyer = await register(market, planted)
    done = await buy(market, planted, buyer, product)
    await deliver(market, owner, done)
    under_way = await buy(market, planted, buyer, product)
    await cart(market, planted, buyer, product)
    await eventually(lambda: notified(market, buyer, done), timeout_s=60)

    assert {name.partition(".")[0] for name in planted.found()} >= {"identity", "orders"}
    await the_export_holds_it_all(market, planted, buyer, (done, under_way))
    refused = await delete(market, buyer, "another password")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_credentials")
    assert (await delete(market, buyer)).status_code == 204
    ended = await market.client.get("/v1/me", headers=buyer.headers)
    assert (ended.status_code, ended.json()["code"]) == (401, "session_revoked")

    # Whoever packs the parcel that is due still needs the address.
    await eventually(lambda: only_the_country_is_left(market, seller, done), timeout_s=60)
    kept = await shipped_to(market, seller, under_way)
    assert kept["line1"] == planted.address["line1"]
    assert set(planted.found()) == {"orders.orders", "orders.cart"}

    await deliver(market, owner, under_way)
    await eventually(lambda: not planted.found(), timeout_s=60)
    again = await register(market, planted)
    assert again.id != buyer.id
    audit = await asyncio.to_thread(stack.run, "audit", "--json")
    assert json.loads(audit)["ok"]


async def test_a_sole_owner_cannot_leave_its_seller_behind(
    market: Marketplace, seller: tuple[Account, str]
) -> None:
    owner, _ = seller
    refused = await delete(market, owner)
    assert (refused.status_code, refused.json()["code"]) == (409, "sole_owner")
    assert (await market.client.get("/v1/me", headers=owner.headers)).status_code == 200


async def the_export_holds_it_all(
    market: Marketplace, planted: Planted, buyer: Account, bought: Sequence[Json]
) -> None:
    answer = await market.client.post("/v1/me/export", headers=buyer.headers)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    [account] = [each for each in document["identity"] if each["kind"] == "account"]
    assert (account["id"], account["email"]) == (buyer.id, planted.email)
    orders = {each["id"]: each for each in document["orders"] if each["kind"] == "order"}
    assert orders.keys() == {each["id"] for each in bought}
    for order in orders.values():
        stored = {name: value for name, value in order["shipping_address"].items() if value}
        assert stored == planted.address
        assert [payment["status"] for payment in order["payments"]] == ["captured"]
    [cart] = [each for each in document["orders"] if each["kind"] == "cart"]
    assert cart["email"] == planted.email
    told = [each["event"] for each in document["notifications"] if each["kind"] == "notification"]
    assert "order_confirmed" in told


async def shipped_to(market: Marketplace, seller: tuple[Account, str], order: Json) -> Json:
    """Return an order's address as its seller sees it."""
    owner, seller_id = seller
    sold = await market.client.get(f"/v1/sellers/{seller_id}/orders", headers=owner.headers)
    found: Json = next(
        o["shipping_address"] for o in sold.json()["items"] if o["id"] == order["id"]
    )
    return found


async def only_the_country_is_left(
    market: Marketplace, seller: tuple[Account, str], order: Json
) -> bool:
    address = await shipped_to(market, seller, order)
    return {name for name, value in address.items() if value} == {"country"}


async def register(market: Marketplace, planted: Planted) -> Account:
    answer = await market.client.post(
        "/v1/auth/register",
        json={"email": planted.email, "password": PASSWORD, "name": f"{planted.mark} Name"},
    )
    assert answer.status_code == 201, answer.text
    tokens = answer.json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return Account(tokens["user"]["id"], planted.email, headers, tokens)


async def cart(market: Marketplace, planted: Planted, buyer: Account, product: Product) -> Json:
    answer = await market.client.post(
        "/v1/carts",
        json={
            "items": [{"variant_id": product.variant_id, "quantity": 1}],
            "shipping_address": planted.address,
            "email": planted.email,
        },
        headers=buyer.headers,
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def buy(market: Marketplace, planted: Planted, buyer: Account, product: Product) -> Json:
    filled = await cart(market, planted, buyer, product)
    answer = await market.checkout(filled, account=buyer)
    assert answer.status_code == 201, answer.text
    return await market.order_becomes(
        answer.json(), status="confirmed", payment_status="captured", account=buyer
    )


async def deliver(market: Marketplace, owner: Account, order: Json) -> None:
    parcel = await market.ship(owner, order, (order["items"][0]["id"], 1))
    assert parcel.status_code == 201, parcel.text
    told = await market.client.post(
        f"/v1/shipments/{parcel.json()['id']}/events",
        json={"status": "delivered"},
        headers=owner.headers,
    )
    assert told.status_code in {200, 201}, told.text


async def notified(market: Marketplace, buyer: Account, order: Json) -> bool:
    inbox = await market.client.get("/v1/notifications", headers=buyer.headers)
    kinds = [item["kind"] for item in inbox.json()["items"] if item["subject_id"] == order["id"]]
    return "shipment_delivered" in kinds
