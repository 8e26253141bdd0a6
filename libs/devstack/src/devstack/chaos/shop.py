"""The shop that is put under chaos: plenty of some goods, few of others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

_PASSWORD = "a-password-for-chaos"
_PLENTY = 1_000_000
_PLENTIFUL, _SCARCE = 12, 6
_SCARCE_UNITS = 15
_CURRENCY = "KES"


class ShopError(Exception):
    """The API refused what the shop needs."""


@dataclass(frozen=True)
class Shop:
    """What buyers find."""

    plenty: tuple[str, ...]
    """Variants that never sell out."""
    scarce: tuple[str, ...]
    """Variants of which there are 15 units each."""


class ShopKeeper:
    """Sets the shop up through the public API."""

    def __init__(
        self, client: httpx.AsyncClient, grant: Callable[[str, str], Awaitable[object]]
    ) -> None:
        """``grant`` gives an account (e-mail) a role."""
        self._client = client
        self._grant = grant
        self._owners: dict[str, str] = {}

    async def open(self) -> Shop:
        """Make accounts, a category, two sellers and their goods; raises ShopError."""
        await self._grant(await self._register("admin"), "admin")
        admin = await self.admin()
        category = (await self._post("/v1/categories", {"name": "Kitchen"}, admin))["id"]
        plenty: list[str] = []
        scarce: list[str] = []
        for number in (1, 2):
            email = await self._register(f"seller-{number}")
            body = {"name": f"Seller {number}", "country": "KE", "currency": _CURRENCY}
            seller = (await self._post("/v1/sellers", body, await self._login(email)))["id"]
            self._owners[seller] = email
            owner = await self._login(email)
            for goods, count, units in (
                (plenty, _PLENTIFUL // 2, _PLENTY),
                (scarce, _SCARCE // 2, _SCARCE_UNITS),
            ):
                made = [
                    self._product(owner, seller, category, f"{number}-{units}-{place}", units)
                    for place in range(count)
                ]
                goods += await asyncio.gather(*made)
        return Shop(tuple(plenty), tuple(scarce))

    async def admin(self) -> dict[str, str]:
        """Return the headers of an administrator, good for ten minutes."""
        return await self._login("admin@chaos.example")

    async def seller(self, number: int) -> dict[str, str]:
        """Return the headers of the first or second seller's owner, good for ten minutes."""
        return await self._login(f"seller-{number}@chaos.example")

    async def owner(self, seller_id: str) -> dict[str, str]:
        """Return the headers of a seller's owner, good for ten minutes."""
        return await self._login(self._owners[seller_id])

    async def _login(self, email: str) -> dict[str, str]:
        """Return the headers of an account."""
        body = {"email": email, "password": _PASSWORD}
        token = (await self._post("/v1/auth/login", body, {}))["access_token"]
        return {"Authorization": f"Bearer {token}"}

    async def _register(self, name: str) -> str:
        email = f"{name}@chaos.example"
        body = {"email": email, "password": _PASSWORD, "name": name}
        await self._post("/v1/auth/register", body, {})
        return email

    async def _product(
        self, owner: dict[str, str], seller: str, category: str, sku: str, units: int
    ) -> str:
        price = {"amount_minor": 99_900 + len(sku), "currency": _CURRENCY}
        body = {
            "title": f"Kettle {sku}",
            "description": "Boils water.",
            "category_id": category,
            "status": "active",
            "variants": [{"sku": sku, "price": price}],
        }
        product = await self._post(f"/v1/sellers/{seller}/products", body, owner)
        variant = str(product["variants"][0]["id"])
        answer = await self._client.put(
            f"/v1/variants/{variant}/stock",
            json={"on_hand": units},
            headers={**owner, "If-Match": "*"},
        )
        _accepted(answer)
        return variant

    async def _post(self, path: str, body: Mapping[str, object], headers: dict[str, str]) -> Any:
        return _accepted(await self._client.post(path, json=body, headers=headers))


def _accepted(answer: httpx.Response) -> Any:
    if answer.is_error:
        request = answer.request
        raise ShopError(f"{request.method} {request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()
