"""A marketplace as its users see it: sellers, products, carts and checkouts over REST."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from devstack.testing import eventually

PASSWORD = "a-long-test-password"
ADDRESS = {
    "name": "Test Buyer",
    "line1": "12 Moi Avenue",
    "city": "Nairobi",
    "postal_code": "00100",
    "country": "KE",
}
SUCCESS = {"type": "sandbox", "token": "tok_success"}
_numbers = itertools.count(1)

Json = dict[str, Any]


def unique(word: str) -> str:
    """Return a name that no other test uses."""
    return f"{word}-{next(_numbers)}-{uuid.uuid4().hex[:8]}"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Account:
    id: str
    email: str
    headers: dict[str, str]
    tokens: Json


@dataclass
class Product:
    id: str
    variant_id: str
    price_minor: int


class Marketplace:
    """Calls of the REST API that tests make over and over."""

    def __init__(self, client: httpx.AsyncClient, grant: Callable[[str, str], None]) -> None:
        self.client = client
        self._grant = grant

    async def register(self, word: str = "buyer") -> Account:
        email = f"{unique(word)}@test.example"
        answer = await self.client.post(
            "/v1/auth/register", json={"email": email, "password": PASSWORD, "name": word}
        )
        assert answer.status_code == 201, answer.text
        tokens = answer.json()
        return Account(tokens["user"]["id"], email, bearer(tokens["access_token"]), tokens)

    async def login(self, account: Account) -> Account:
        answer = await self.client.post(
            "/v1/auth/login", json={"email": account.email, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return Account(account.id, account.email, bearer(tokens["access_token"]), tokens)

    async def staff(self, role: str) -> Account:
        account = await self.register(role)
        self._grant(account.email, role)
        return await self.login(account)

    async def category(self, admin: Account) -> str:
        name = unique("Category")
        answer = await self.client.post(
            "/v1/categories", json={"name": name}, headers=admin.headers
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def open_seller(self) -> tuple[Account, str]:
        owner = await self.register("seller")
        answer = await self.client.post(
            "/v1/sellers",
            json={"name": unique("Seller"), "country": "KE", "currency": "KES"},
            headers=owner.headers,
        )
        assert answer.status_code == 201, answer.text
        return await self.login(owner), str(answer.json()["id"])

    async def product(
        self,
        owner: Account,
        seller_id: str,
        category_id: str,
        *,
        on_hand: int,
        price_minor: int = 129_900,
    ) -> Product:
        answer = await self.client.post(
            f"/v1/sellers/{seller_id}/products",
            json={
                "title": unique("Kettle"),
                "description": "Boils water.",
                "category_id": category_id,
                "status": "active",
                "variants": [
                    {
                        "sku": unique("SKU"),
                        "price": {"amount_minor": price_minor, "currency": "KES"},
                    }
                ],
            },
            headers=owner.headers,
        )
        assert answer.status_code == 201, answer.text
        product = answer.json()
        variant_id = product["variants"][0]["id"]
        stocked = await self.client.put(
            f"/v1/variants/{variant_id}/stock",
            json={"on_hand": on_hand},
            headers={**owner.headers, "If-Match": "*"},
        )
        assert stocked.status_code == 200, stocked.text
        return Product(product["id"], variant_id, price_minor)

    async def stock(self, owner: Account, variant_id: str) -> Json:
        answer = await self.client.get(f"/v1/variants/{variant_id}/stock", headers=owner.headers)
        assert answer.status_code == 200, answer.text
        stock: Json = answer.json()
        return stock

    async def is_ready(self) -> bool:
        """Tell whether the gateway reaches every service.

        Each of its workers has channels of its own; which one answers is chosen by connection.
        """
        for _ in range(8):
            try:
                async with httpx.AsyncClient(base_url=self.client.base_url) as fresh:
                    answer = await fresh.get("/readyz")
            except httpx.TransportError:
                return False
            if answer.status_code != 200 or answer.json()["status"] != "ready":
                return False
        return True

    async def cart(
        self,
        *lines: tuple[str, int],
        account: Account | None = None,
        email: str | None = "guest@test.example",
    ) -> Json:
        body: Json = {
            "items": [{"variant_id": variant, "quantity": quantity} for variant, quantity in lines],
            "shipping_address": ADDRESS,
        }
        if email is not None:
            body["email"] = email
        answer = await self.client.post(
            "/v1/carts", json=body, headers=account.headers if account else {}
        )
        assert answer.status_code == 201, answer.text
        cart: Json = answer.json()
        return cart

    async def checkout(
        self,
        cart: Json,
        *,
        method: Json | None = None,
        key: str | None = None,
        account: Account | None = None,
        **body: Any,
    ) -> httpx.Response:
        headers = dict(account.headers) if account else {"X-Cart-Token": cart["token"]}
        headers["Idempotency-Key"] = key or uuid.uuid4().hex
        return await self.client.post(
            f"/v1/carts/{cart['id']}/checkout",
            json={"payment_method": method or SUCCESS, **body},
            headers=headers,
        )

    async def ship(
        self, owner: Account, order: Json, *units: tuple[str, int], **body: Any
    ) -> httpx.Response:
        """Ship units by line id."""
        items = [{"item_id": line, "quantity": quantity} for line, quantity in units]
        return await self.client.post(
            f"/v1/orders/{order['id']}/shipments",
            json={"carrier": "posta", "items": items, **body},
            headers={**owner.headers, "Idempotency-Key": uuid.uuid4().hex},
        )

    async def order(self, order: Json, account: Account | None = None) -> Json:
        headers = account.headers if account else {"X-Order-Token": order["token"]}
        answer = await self.client.get(f"/v1/orders/{order['id']}", headers=headers)
        assert answer.status_code == 200, answer.text
        read: Json = answer.json()
        return read

    async def order_becomes(
        self,
        order: Json,
        *,
        status: str,
        payment_status: str | None = None,
        account: Account | None = None,
        timeout_s: float = 60,
    ) -> Json:
        """Wait until an order has a status; fail with what it is instead."""
        seen: Json = {}

        async def arrived() -> bool:
            seen.update(await self.order(order, account))
            return seen["status"] == status and payment_status in (None, seen["payment_status"])

        try:
            await eventually(arrived, timeout_s=timeout_s)
        except AssertionError:
            wanted = (status, payment_status)
            raise AssertionError(
                f"waited for {wanted}, is {seen['status'], seen['payment_status']}"
            ) from None
        return seen
