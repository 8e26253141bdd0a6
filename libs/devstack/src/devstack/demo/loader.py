"""Loads the demo shop through the public API, as any seller's own program would."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import httpx

from devstack.demo.goods import DemoProduct, DemoSeller, DemoShop, read_shop
from devstack.demo.orders import place_orders
from devstack.demo.pictures import picture

DEFAULT_PASSWORD = "soko-demo-password"
STAFF = {"admin": "admin@soko.example", "operator": "operator@soko.example"}
SELLER = "seller@soko.example"
BUYER = "buyer@soko.example"
_NAMES = {
    STAFF["admin"]: "Demo admin",
    STAFF["operator"]: "Demo operator",
    SELLER: "Demo seller",
    BUYER: "Demo buyer",
}
_AT_ONCE = 6
"""Calls under way at the same time: enough to keep two cores busy."""
_TIMEOUT_S = 30.0

Grant = Callable[[str, str], None]
Progress = Callable[[int, int], None]
Item = TypeVar("Item")


class DemoError(Exception):
    """The API refused something that the demo shop needs."""


def demo_password() -> str:
    """Return the password of the demo accounts: ``SOKO_DEMO_PASSWORD`` or the default."""
    return os.environ.get("SOKO_DEMO_PASSWORD", DEFAULT_PASSWORD)


def load(base_url: str, grant: Grant, progress: Progress) -> None:
    """Load accounts, sellers, categories, products, stock, pictures and some orders.

    Running it again goes on where a former run stopped. ``grant`` gives an account (e-mail) a
    role; ``progress`` is told how many products of how many are done. Raises DemoError.
    """
    asyncio.run(_load(base_url, grant, progress))


async def _load(base_url: str, grant: Grant, progress: Progress) -> None:
    shop = read_shop()
    async with httpx.AsyncClient(base_url=base_url, timeout=_TIMEOUT_S) as client:
        for email in _NAMES:
            await _account(client, email)
        for role, email in STAFF.items():
            grant(email, role)
        admin = await _login(client, STAFF["admin"])
        categories = await _categories(client, admin, shop)
        seller = await _login(client, SELLER)
        sellers = {entry.key: await _seller(client, seller, entry) for entry in shop.sellers}
        # The token names the sellers that its account works for, so it is asked for again.
        seller = await _login(client, SELLER)
        done = 0

        async def one(product: DemoProduct) -> None:
            nonlocal done
            await _product(client, seller, product, sellers, categories)
            done += 1
            progress(done, len(shop.products))

        await _bounded(one, shop.products)
        await place_orders(client, await _login(client, BUYER), seller, _accept)


async def _bounded(work: Callable[[Item], Awaitable[None]], items: Iterable[Item]) -> None:
    """Do work on every item, some at a time; the first error ends it all."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(worker())
    except* (DemoError, httpx.TransportError) as errors:
        raise DemoError(str(errors.exceptions[0])) from None


async def _account(client: httpx.AsyncClient, email: str) -> None:
    answer = await client.post(
        "/v1/auth/register",
        json={"email": email, "password": demo_password(), "name": _NAMES[email]},
    )
    _accept(answer, {201, 409})


async def _login(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    answer = await client.post("/v1/auth/login", json={"email": email, "password": demo_password()})
    _accept(answer, {200})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def _categories(
    client: httpx.AsyncClient, admin: dict[str, str], shop: DemoShop
) -> dict[str, str]:
    """Return category ids by name."""
    listed = await client.get("/v1/categories", headers={"Cache-Control": "no-cache"})
    known = {entry["name"]: entry["id"] for entry in _accept(listed, {200})["items"]}
    for name in shop.categories:
        if name not in known:
            answer = await client.post("/v1/categories", json={"name": name}, headers=admin)
            known[name] = _accept(answer, {201})["id"]
    return known


async def _seller(client: httpx.AsyncClient, owner: dict[str, str], entry: DemoSeller) -> str:
    """Return a seller's id."""
    me = _accept(await client.get("/v1/me", headers=owner), {200})
    for membership in me["sellers"]:
        if membership["name"] == entry.name:
            return str(membership["id"])
    answer = await client.post(
        "/v1/sellers",
        json={
            "name": entry.name,
            "country": entry.country,
            "currency": entry.currency,
            "timezone": entry.timezone,
        },
        headers=owner,
    )
    return str(_accept(answer, {201})["id"])


async def _product(
    client: httpx.AsyncClient,
    owner: dict[str, str],
    product: DemoProduct,
    sellers: dict[str, str],
    categories: dict[str, str],
) -> None:
    answer = await client.post(
        f"/v1/sellers/{sellers[product.seller_key]}/products",
        json=_body(product, categories[product.category]),
        headers={**owner, "Idempotency-Key": f"demo-{product.external_id}"},
    )
    if answer.status_code == httpx.codes.CONFLICT:
        return
    created = _accept(answer, {201})
    stock = {variant.sku: variant.on_hand for variant in product.variants}
    for variant in created["variants"]:
        answer = await client.put(
            f"/v1/variants/{variant['id']}/stock",
            json={"on_hand": stock[variant["sku"]]},
            headers={**owner, "If-Match": "*"},
        )
        _accept(answer, {200})
    answer = await client.post(
        f"/v1/products/{created['id']}/media",
        files={"file": ("picture.jpg", picture(product), "image/jpeg")},
        data={"alt": f"Drawing of {product.title}"},
        headers=owner,
    )
    _accept(answer, {201})


def _body(product: DemoProduct, category_id: str) -> dict[str, Any]:
    sizes = [variant.size for variant in product.variants if variant.size]
    prices = [
        {"amount_minor": amount, "currency": currency}
        for currency, amount in product.prices.items()
    ]
    return {
        "title": product.title,
        "description": product.description,
        "category_id": category_id,
        "status": "active",
        "external_id": product.external_id,
        "attributes": {"finish": product.way},
        "options": [{"name": "Size", "values": sizes}] if sizes else [],
        "variants": [
            {
                "sku": variant.sku,
                "title": variant.size or None,
                "options": {"Size": variant.size} if variant.size else {},
                "price": prices[0],
                "prices": prices[1:],
                "weight_g": product.weight_g,
            }
            for variant in product.variants
        ],
    }


def _accept(answer: httpx.Response, statuses: set[int]) -> Any:
    if answer.status_code not in statuses:
        request = answer.request
        raise DemoError(f"{request.method} {request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()
