"""Products, pictures, categories and sellers, asked of the whole service."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from catalog.entrypoints.event_consumer import SellerEvents
from chassis.clock import SystemClock
from chassis.envelope import Envelope
from chassis.ids import format_id, new_id
from services.catalog.tests.builders import account, make_seller, unique
from services.catalog.tests.integration.clients import CREATE, Client, new_variant, refusal
from soko.catalog.v1 import (
    catalog_pb2,
    inventory_pb2,
    media_pb2,
)
from soko.events.v1 import identity_pb2


async def test_a_seller_that_was_opened_a_moment_ago_can_sell(client: Client) -> None:
    seller_id, owner = client.seller()
    product = await client.product(seller_id, owner)
    assert product.seller.id == seller_id
    answer = await client.call(
        client.catalog.GetProduct, catalog_pb2.GetProductRequest(id_or_slug=product.slug)
    )
    assert answer.product == product
    locations = await client.call(
        client.inventory.ListLocations, inventory_pb2.ListLocationsRequest(seller=seller_id), owner
    )
    assert [location.is_default for location in locations.locations] == [True]


async def test_a_repeated_creation_answers_the_same_product(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(
        seller=seller_id,
        title="Once",
        category_id=await client.category(),
        variants=[new_variant()],
    )
    key = unique("key")
    first = await client.call(client.catalog.CreateProduct, request, owner, key)
    again = await client.call(client.catalog.CreateProduct, request, owner, key)
    assert again == first


async def test_a_creation_whose_answer_was_lost_is_not_done_twice(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(
        seller=seller_id,
        title="Once",
        category_id=await client.category(),
        variants=[new_variant()],
    )
    key = unique("key")
    first = await client.call(client.catalog.CreateProduct, request, owner, key)
    database = client.app.databases[-1]
    await database.execute("DELETE FROM idempotency_key WHERE key = %(key)s", {"key": key})
    again = await client.call(client.catalog.CreateProduct, request, owner, key)
    assert again == first


async def test_wrong_requests_say_where_they_are_wrong(client: Client) -> None:
    seller_id, owner = client.seller()
    request = CREATE(seller=seller_id, title="", category_id="cat_1", variants=[new_variant()])
    refused = await refusal(client.call(client.catalog.CreateProduct, request, owner))
    assert (refused.kind, refused.code) == ("invalid", "validation_failed")
    assert [violation.pointer for violation in refused.violations] == ["/category_id"]


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("CreateCategory", catalog_pb2.CreateCategoryRequest(name="X")),
        ("CreateProduct", CREATE(seller="x")),
        ("UpdateProduct", catalog_pb2.UpdateProductRequest(id=format_id("prd", new_id()))),
        ("RemoveVariant", catalog_pb2.RemoveVariantRequest(id=format_id("var", new_id()))),
    ],
)
async def test_guests_change_nothing(client: Client, method: str, request_: Any) -> None:
    refused = await refusal(client.call(getattr(client.catalog, method), request_))
    assert refused.kind in {"unauthenticated", "not_found"}


async def test_a_picture_is_stored_and_served_in_three_sizes(client: Client) -> None:
    seller_id, owner = client.seller()
    product = await client.product(seller_id, owner)
    out = io.BytesIO()
    Image.new("RGB", (800, 400), "teal").save(out, "PNG")
    request = media_pb2.AddMediaRequest(
        product_id=product.id, content=out.getvalue(), alt="A teal field"
    )
    key = unique("key")
    media = (await client.call(client.media.AddMedia, request, owner, key)).media
    assert (await client.call(client.media.AddMedia, request, owner, key)).media == media
    shown = await client.call(
        client.catalog.GetProduct, catalog_pb2.GetProductRequest(id_or_slug=product.id)
    )
    assert [each.alt for each in shown.product.media] == ["A teal field"]
    assert shown.product.version == 2
    listed = await client.call(
        client.catalog.ListProducts, catalog_pb2.ListProductsRequest(seller=seller_id)
    )
    assert listed.items[0].media.id == media.id
    rendition = media_pb2.GetRenditionRequest(id=media.id, rendition="card")
    answer = await client.call(client.media.GetRendition, rendition)
    assert answer.content_type == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (600, 300)
    assert (await client.call(client.media.GetRendition, rendition)).etag == answer.etag
    for wrong in (
        media_pb2.GetRenditionRequest(id=media.id, rendition="../../etc/passwd"),
        media_pb2.GetRenditionRequest(id=format_id("med", new_id()), rendition="card"),
    ):
        assert (await refusal(client.call(client.media.GetRendition, wrong))).kind == "not_found"
    huge = media_pb2.AddMediaRequest(product_id=product.id, content=b"x" * (3 * 1024 * 1024 + 1))
    refused = await refusal(client.call(client.media.AddMedia, huge, owner))
    assert refused.code == "media_too_large"


async def test_the_tree_of_categories_is_shown_by_name(client: Client) -> None:
    parent = await client.category()
    for name in ("Zebra", "Ant"):
        await client.call(
            client.catalog.CreateCategory,
            catalog_pb2.CreateCategoryRequest(name=f"{name} {unique('')}", parent_id=parent),
            account("admin"),
        )
    tree = await client.call(client.catalog.ListCategories, catalog_pb2.ListCategoriesRequest())
    [found] = [category for category in tree.categories if category.id == parent]
    assert [child.name.split()[0] for child in found.children] == ["Ant", "Zebra"]


async def test_sellers_events_are_recorded_whatever_their_order(client: Client) -> None:
    seller = make_seller()
    database = client.app.databases[-1]
    from catalog.adapters.sellers import PostgresSellers

    handler = SellerEvents(PostgresSellers, SystemClock())

    def state(name: str) -> identity_pb2.SellerState:
        return identity_pb2.SellerState(
            id=format_id("sel", seller.id),
            slug=seller.slug,
            name=name,
            country="KE",
            currency="KES",
            status="active",
        )

    def envelope(sequence: int, message: Any) -> Envelope:
        return Envelope(
            new_id(), "", "", datetime.now(UTC), "", sequence, "", message.SerializeToString()
        )

    async with database.transaction() as session:
        updated = identity_pb2.SellerUpdated(seller=state("New"))
        await handler.updated(envelope(2, updated), session)
        opened = identity_pb2.SellerOpened(seller=state("Old"))
        await handler.opened(envelope(1, opened), session)
    rows = await database.fetch_all(
        "SELECT s.name, l.is_default FROM seller s JOIN location l ON l.seller_id = s.id"
        " WHERE s.id = %(id)s",
        {"id": seller.id},
    )
    assert rows == [{"name": "New", "is_default": True}]
