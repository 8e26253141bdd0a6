"""Sellers and what they sell."""

from __future__ import annotations

from tests.e2e.marketplace import unique
from tests.security.calls.operation import Call, operation
from tests.security.things import Things, keyed, picture


@operation("POST /v1/sellers")
async def open_seller(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("Shop"), "country": "KE", "currency": "KES"}, headers=keyed())


@operation(
    "GET /v1/sellers/{id_or_slug}", "GET /v1/sellers/{id_or_slug}/members",
    "GET /v1/sellers/{id_or_slug}/locations", "GET /v1/sellers/{id_or_slug}/orders",
    "GET /v1/sellers/{id_or_slug}/balance", "GET /v1/sellers/{id_or_slug}/payouts",
)  # fmt: skip
async def of_seller(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id})


@operation("PATCH /v1/sellers/{id_or_slug}")
async def change_seller(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id}, {"name": unique("Seller")})


@operation("POST /v1/sellers/{id_or_slug}/members", uses_up=True)
async def put_member(things: Things, caller: str) -> Call:
    body = {"email": (await things.stranger()).email, "role": "viewer"}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


@operation("DELETE /v1/sellers/{id_or_slug}/members/{user_id}", uses_up=True)
async def remove_member(things: Things, caller: str) -> Call:
    member = await things.member()
    return Call({"id_or_slug": things.people.seller_id, "user_id": member.id})


@operation("POST /v1/sellers/{id_or_slug}/locations")
async def create_location(things: Things, caller: str) -> Call:
    body = {"name": unique("Store"), "country": "KE"}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


@operation("POST /v1/sellers/{id_or_slug}/products")
async def create_product(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": things.people.seller_id}, things.product_body(), keyed())


@operation("POST /v1/sellers/{id_or_slug}/payouts")
async def create_payout(things: Things, caller: str) -> Call:
    await things.earnings()
    body = {"amount": {"amount_minor": 100, "currency": "KES"}}
    return Call({"id_or_slug": things.people.seller_id}, body, keyed())


@operation("GET /v1/products/{id_or_slug}")
async def read_draft(things: Things, caller: str) -> Call:
    return Call({"id_or_slug": (await things.draft())["id"]})


@operation("PATCH /v1/products/{product_id}")
async def change_product(things: Things, caller: str) -> Call:
    product = await things.product()
    return Call({"product_id": product.id}, {"description": caller}, {"If-Match": "*"})


@operation("DELETE /v1/products/{product_id}", uses_up=True)
async def archive_product(things: Things, caller: str) -> Call:
    return Call({"product_id": (await things.product()).id})


@operation("POST /v1/products/{product_id}/variants")
async def add_variant(things: Things, caller: str) -> Call:
    price = {"amount_minor": 100, "currency": "KES"}
    body = {"sku": unique("SKU"), "price": price}
    return Call({"product_id": (await things.product()).id}, body, keyed())


@operation("POST /v1/products/{product_id}/media")
async def add_media(things: Things, caller: str) -> Call:
    file = ("kettle.png", picture(), "image/png")
    return Call({"product_id": (await things.product()).id}, headers=keyed(), files={"file": file})


@operation("GET /v1/media/{media_id}/{rendition}")
async def get_rendition(things: Things, caller: str) -> Call:
    return Call({"media_id": (await things.media())["id"], "rendition": "thumb"})


@operation("PATCH /v1/variants/{variant_id}")
async def change_variant(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.spare_variant())["id"]}, {"title": unique("Red")})


@operation("DELETE /v1/variants/{variant_id}", uses_up=True)
async def remove_variant(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.spare_variant())["id"]})


@operation("GET /v1/variants/{variant_id}/stock")
async def read_stock(things: Things, caller: str) -> Call:
    return Call({"variant_id": (await things.product()).variant_id})


@operation("PUT /v1/variants/{variant_id}/stock")
async def set_stock(things: Things, caller: str) -> Call:
    variant_id = (await things.product()).variant_id
    return Call({"variant_id": variant_id}, {"on_hand": 9001}, {"If-Match": "*"})


@operation("POST /v1/categories")
async def create_category(things: Things, caller: str) -> Call:
    return Call(json={"name": unique("Category")}, headers=keyed())


@operation("PATCH /v1/categories/{category_id}")
async def change_category(things: Things, caller: str) -> Call:
    return Call({"category_id": await things.category()}, {"name": unique("Category")})
