"""Buyers over REST, at a bounded rate, who retry as a sane client does: with the same key."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx

from devstack.chaos.purchases import Purchase
from devstack.chaos.shop import Shop, ShopError, ShopKeeper

_PATIENCE_S = 60.0
"""How long a buyer repeats a request before they give up."""
_AT_ONCE = 48
_TIMEOUT_S = 8.0
_LOOKS, _LOOK_S = 40, 0.5
_SHORTENED_FROM = 2
_RETRY_PAUSES_S = (0.1, 0.3, 1.0, 2.0)
_ADDRESS = {
    "name": "Buyer",
    "line1": "12 Moi Avenue",
    "city": "Nairobi",
    "postal_code": "00100",
    "country": "KE",
}
_IN_FLIGHT = ("idempotency_in_flight", "checkout_in_flight")
_AGAIN = frozenset({429, 502, 503, 504})

MIX: Final[Mapping[str, int]] = {
    "plain": 58,
    "doubled": 4,
    "scarce": 5,
    "declined": 6,
    "timeout": 2,
    "error": 3,
    "paid later": 4,
    "refused later": 2,
    "abandoned": 2,
    "cash": 4,
    "cancelled": 6,
    "refunded": 4,
    "shortened": 4,
}
"""What buyers do, by weight."""

_TOKENS: Final = {
    "declined": "tok_declined",
    "timeout": "tok_timeout",
    "error": "tok_error",
    "paid later": "tok_async",
    "refused later": "tok_async",
    "abandoned": "tok_async",
}


class Buyers:
    """Starts purchases at a rate until told to stop; ``purchases`` keeps what became of them."""

    def __init__(
        self, client: httpx.AsyncClient, shop: Shop, keeper: ShopKeeper, seed: int, rate: float
    ) -> None:
        """``rate`` is in purchases a second; the seed chooses what each buyer does."""
        self.mix: Mapping[str, int] = MIX
        self._client = client
        self._shop = shop
        self._keeper = keeper
        self._chance = random.Random(f"buyers/{seed}")
        self._rate = rate
        self._began = time.monotonic()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()
        self._admin: dict[str, str] = {}
        self._owners: dict[str, dict[str, str]] = {}
        self.purchases: list[Purchase] = []

    @property
    def now_s(self) -> float:
        """Seconds since the first buyer could come."""
        return time.monotonic() - self._began

    async def run(self, stop: asyncio.Event) -> None:
        """Let buyers come until told to stop, then wait for those who are there."""
        kinds, weights = list(self.mix), list(self.mix.values())
        while not stop.is_set():
            await self._places.acquire()
            (kind,) = self._chance.choices(kinds, weights)
            self.start(kind).add_done_callback(lambda _: self._places.release())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.expovariate(self._rate)):
                    await stop.wait()
        await self.finish()

    def start(self, kind: str) -> asyncio.Task[None]:
        """Let one buyer come."""
        purchase = Purchase(len(self.purchases) + 1, kind, self.now_s)
        self.purchases.append(purchase)
        goods = self._shop.scarce if kind == "scarce" else self._shop.plenty
        chosen = self._chance.sample(goods, self._chance.randint(1, 3))
        items = [
            {"variant_id": variant, "quantity": self._chance.randint(1, 2)} for variant in chosen
        ]
        task = asyncio.create_task(self._buy(purchase, items))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def finish(self) -> None:
        """Wait until everybody has their answer, or has given up; raises what a buyer raised."""
        await asyncio.gather(*self._under_way)

    async def _buy(self, purchase: Purchase, items: list[dict[str, object]]) -> None:
        key = f"{self._chance.getrandbits(64):016x}"
        body = {"items": items, "email": f"{key}@buyers.example", "shipping_address": _ADDRESS}
        answer = await self._persist(
            purchase, "/v1/carts", body, {"Idempotency-Key": f"cart-{key}"}
        )
        if answer is None:
            return
        if answer.status_code != httpx.codes.CREATED:
            purchase.status = answer.status_code
            return
        cart = answer.json()
        method: dict[str, str] = {
            "type": "sandbox",
            "token": _TOKENS.get(purchase.kind, "tok_success"),
        }
        if purchase.kind == "cash":
            method = {"type": "cash_on_delivery"}
        purchase.begun_s = self.now_s
        tries = [self._check_out(purchase, cart, method, key)]
        if purchase.kind == "doubled":
            tries.append(self._check_out(purchase, cart, method, key))
        order = (await asyncio.gather(*tries))[0]
        if purchase.kind == "declined" and purchase.status == httpx.codes.PAYMENT_REQUIRED:
            method = {"type": "sandbox", "token": "tok_success"}
            order = await self._check_out(purchase, cart, method, f"{key}-again")
        after = self._after.get(purchase.kind)
        if order is not None and after is not None:
            await after(self, purchase, order)

    async def _check_out(
        self, purchase: Purchase, cart: Any, method: dict[str, str], key: str
    ) -> Any:
        """Return the order, or None when there is none or nobody knows."""
        answer = await self._persist(
            purchase,
            f"/v1/carts/{cart['id']}/checkout",
            {"payment_method": method},
            {"Idempotency-Key": key, "X-Cart-Token": cart["token"]},
        )
        if answer is None:
            return None
        purchase.answered_s = self.now_s
        purchase.status = answer.status_code
        told = answer.json()
        order_id = told.get("id") if answer.is_success else told.get("order_id")
        if order_id is None:
            return None
        purchase.order_of_key.setdefault(key, set()).add(order_id)
        if not answer.is_success:
            purchase.cancelled.add(order_id)
            return None
        if told["status"] == "confirmed":
            purchase.confirmed.add(order_id)
        elif told["status"] == "cancelled":
            purchase.cancelled.add(order_id)
        return told

    async def _cancel(self, purchase: Purchase, order: Any) -> None:
        headers = {"Idempotency-Key": f"cancel-{order['id']}", "X-Order-Token": order["token"]}
        answer = await self._persist(
            purchase, f"/v1/orders/{order['id']}/cancel", {"reason": "changed_mind"}, headers
        )
        if answer is not None and answer.is_success:
            purchase.cancelled.add(order["id"])

    async def _decide(self, purchase: Purchase, order: Any) -> None:
        action = order.get("next_action") or {}
        if "payment_id" in action:
            word = "fail" if purchase.kind == "refused later" else "succeed"
            path = f"/v1/sandbox/payments/{action['payment_id']}/{word}"
            await self._persist(purchase, path, None, {})

    async def _refund(self, purchase: Purchase, order: Any) -> None:
        """Have half of a captured order refunded."""
        if not await self._is_captured(purchase, order):
            return
        if not self._admin:
            self._admin = await self._keeper.admin()
        body = {
            "amount": {
                "amount_minor": order["totals"]["total"]["amount_minor"] // 2,
                "currency": "KES",
            },
            "reason": "goodwill",
        }
        headers = {**self._admin, "Idempotency-Key": f"refund-{order['id']}"}
        path = f"/v1/orders/{order['id']}/refunds"
        answer = await self._persist(purchase, path, body, headers)
        if answer is not None and answer.status_code == httpx.codes.UNAUTHORIZED:
            self._admin = {}

    async def _shorten(self, purchase: Purchase, order: Any) -> None:
        """Have the seller cancel a unit of a captured order that has more than one."""
        item = order["items"][0]
        if sum(each["quantity"] for each in order["items"]) < _SHORTENED_FROM:
            return
        if not await self._is_captured(purchase, order):
            return
        part_id, seller_id = item["seller_order_id"], item["seller_id"]
        if seller_id not in self._owners:
            try:
                self._owners[seller_id] = await self._keeper.owner(seller_id)
            except (ShopError, httpx.TransportError):
                # Identity is away: the order stays as it is.
                return
        body = {"items": [{"item_id": item["id"], "quantity": 1}], "reason": "not_there"}
        headers = {**self._owners[seller_id], "Idempotency-Key": f"shorten-{order['id']}"}
        path = f"/v1/seller-orders/{part_id}/cancel"
        answer = await self._persist(purchase, path, body, headers)
        if answer is not None and answer.status_code == httpx.codes.UNAUTHORIZED:
            del self._owners[seller_id]

    async def _is_captured(self, purchase: Purchase, order: Any) -> bool:
        """Look until an order is captured; False when it is not after a while."""
        headers = {"X-Order-Token": order["token"], "Cache-Control": "no-cache"}
        for _ in range(_LOOKS):
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.get(
                    f"/v1/orders/{order['id']}", headers=headers, timeout=_TIMEOUT_S
                )
                if answer.is_success and answer.json()["payment_status"] == "captured":
                    return True
            await asyncio.sleep(_LOOK_S)
        return False

    _after: Mapping[str, Callable[[Buyers, Purchase, Any], Awaitable[None]]] = {
        "cancelled": _cancel,
        "paid later": _decide,
        "refused later": _decide,
        "refunded": _refund,
        "shortened": _shorten,
    }

    async def _persist(
        self, purchase: Purchase, path: str, body: object, headers: dict[str, str]
    ) -> httpx.Response | None:
        """Repeat a request until there is a final answer; None after a minute of none."""
        deadline = time.monotonic() + _PATIENCE_S
        attempt = 0
        while time.monotonic() < deadline:
            answer: httpx.Response | None = None
            try:
                answer = await self._client.post(
                    path, json=body, headers=headers, timeout=_TIMEOUT_S
                )
            except httpx.TransportError as error:
                purchase.answers[type(error).__name__] += 1
            else:
                purchase.answers[str(answer.status_code)] += 1
                if not _is_passing(answer):
                    return answer
            pause_s = _RETRY_PAUSES_S[min(attempt, len(_RETRY_PAUSES_S) - 1)]
            attempt += 1
            await asyncio.sleep(pause_s * self._chance.uniform(0.5, 1.0))
        return None


def _is_passing(answer: httpx.Response) -> bool:
    """Tell whether an answer says: come again."""
    if answer.status_code == httpx.codes.CONFLICT:
        return answer.json().get("code") in _IN_FLIGHT
    return answer.status_code in _AGAIN
