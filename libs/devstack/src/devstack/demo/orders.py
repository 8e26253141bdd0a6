"""Orders of the demo buyer, each as far as a real one comes: paid, on its way, delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

_CARRIER = "posta"
_STORIES: tuple[tuple[str, ...], ...] = ((), ("in_transit",), ("in_transit", "delivered"))
"""What happens to each order's parcel; without anything the order is not shipped yet."""
_ADDRESS = {
    "name": "Demo buyer",
    "line1": "12 Moi Avenue",
    "city": "Nairobi",
    "postal_code": "00100",
    "country": "KE",
}
_PAY = {"payment_method": {"type": "sandbox", "token": "tok_success"}}
_LOOKS = 40
_BETWEEN_LOOKS_S = 0.5

Headers = dict[str, str]
Accept = Callable[[httpx.Response, set[int]], Any]


async def place_orders(
    client: httpx.AsyncClient, buyer: Headers, seller: Headers, accept: Accept
) -> None:
    """Buy, ship and deliver; doing it again finds what was done, by the idempotency keys.

    ``accept`` returns an answer's document, or raises for another status than those given.
    """
    listed = await client.get("/v1/products", params={"limit": len(_STORIES), "sort": "price"})
    products = accept(listed, {200})["items"]

    def one(number: int) -> Awaitable[None]:
        shop = _Shop(client, buyer, seller, accept, f"demo-order-{number}")
        return shop.tell(products[number]["id"], _STORIES[number])

    await asyncio.gather(*(one(number) for number in range(len(products))))


class _Shop:
    """The calls of one order's story."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        buyer: Headers,
        seller: Headers,
        accept: Accept,
        key: str,
    ) -> None:
        self._client = client
        self._buyer = buyer
        self._seller = seller
        self._accept = accept
        self._key = key

    async def tell(self, product_id: str, story: tuple[str, ...]) -> None:
        """Buy one piece of a product and let its parcel come as far as the story goes."""
        found = await self._client.get(f"/v1/products/{product_id}")
        variant = self._accept(found, {200})["variants"][0]["id"]
        body = {"items": [{"variant_id": variant, "quantity": 1}], "shipping_address": _ADDRESS}
        cart = await self._post("/v1/carts", body, self._buyer)
        order = await self._post(f"/v1/carts/{cart['id']}/checkout", _PAY, self._buyer)
        if not story:
            return
        await self._until_confirmed(order["id"])
        parcel = await self._post(
            f"/v1/orders/{order['id']}/shipments",
            {
                "carrier": _CARRIER,
                "tracking_number": self._key.upper(),
                "items": [{"item_id": order["items"][0]["id"], "quantity": 1}],
            },
            self._seller,
        )
        for status in story:
            path = f"/v1/shipments/{parcel['id']}/events"
            await self._post(path, {"status": status}, self._seller, key=f"{self._key}-{status}")

    async def _until_confirmed(self, order_id: str) -> None:
        for _ in range(_LOOKS):
            read = await self._client.get(f"/v1/orders/{order_id}", headers=self._buyer)
            if self._accept(read, {200})["payment_status"] == "captured":
                return
            await asyncio.sleep(_BETWEEN_LOOKS_S)

    async def _post(self, path: str, body: Any, who: Headers, *, key: str = "") -> Any:
        headers = {**who, "Idempotency-Key": key or self._key}
        answer = await self._client.post(path, json=body, headers=headers)
        return self._accept(answer, {200, 201, 202})
