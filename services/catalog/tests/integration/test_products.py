"""Products and sellers in the database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from catalog.app.create_product import CreateProduct
from catalog.app.get_product import GetProduct
from catalog.app.record_seller import RecordSeller, record_seller
from catalog.app.update_product import UpdateProduct
from catalog.domain.errors import (
    ExternalIdTaken,
    NotFound,
    SkuTaken,
    SlugTaken,
    ValidationFailed,
)
from catalog.domain.money import Price
from catalog.domain.product import ProductChanges
from chassis.actor import GUEST
from chassis.ids import format_id, new_id, parse_id
from services.catalog.tests.builders import (
    LATER,
    account,
    make_line,
    make_seller,
    make_variant,
    member,
    unique,
)
from services.catalog.tests.conftest import Shop
from services.catalog.tests.integration.products import create, event_names


async def test_a_product_is_read_as_it_was_made(shop: Shop) -> None:
    seller = await shop.seller()
    category = await shop.category("Textiles" + unique(""))
    product = await shop.product(
        seller,
        make_variant(
            "K-1",
            prices=[Price(1500, "KES"), Price(12, "EUR")],
            compare_at=Price(2000, "KES"),
            options={"Size": "M"},
            weight_g=300,
        ),
        make_variant("K-2", options={"Size": "L"}),
        category_id=category,
        title="Kikoi",
        description="Cotton.\nFrom Lamu.",
        external_id="erp-1",
        attributes={"care": ["cold", 30], "organic": True, "origin": {"town": "Lamu"}},
    )
    assert product.slug.startswith("kikoi")
    assert (product.status, product.version, product.external_id) == ("active", 1, "erp-1")
    assert (product.seller.name, product.category.id) == (seller.name, format_id("cat", category))
    assert [(option.name, list(option.values)) for option in product.options] == [
        ("Size", ["M", "L"])
    ]
    first = product.variants[0]
    assert (first.sku, first.price.amount_minor, first.compare_at_price.amount_minor) == (
        "K-1",
        1500,
        2000,
    )
    assert {price.currency: price.amount_minor for price in first.prices} == {
        "KES": 1500,
        "EUR": 12,
    }
    assert (first.weight_g, dict(first.options), first.available) == (300, {"Size": "M"}, 0)
    assert not product.variants[1].HasField("weight_g")
    origin: Any = product.attributes["origin"]
    assert origin["town"] == "Lamu"
    assert await event_names(shop, product.id) == ["product_published"]


async def test_prices_are_shown_in_the_currency_that_was_asked_for(shop: Shop) -> None:
    seller = await shop.seller()
    variant = make_variant(prices=[Price(9, "EUR")], compare_at=Price(10, "EUR"))
    made = await shop.product(seller, variant)
    product_id = parse_id("prd", made.id)
    assert not made.variants[0].HasField("price")
    euro = (await shop.read(product_id, seller, "EUR")).variants[0]
    assert (euro.price.amount_minor, euro.compare_at_price.amount_minor) == (9, 10)
    assert not made.variants[0].HasField("compare_at_price")


async def test_available_is_what_can_be_reserved_now(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller)
    variant = parse_id("var", product.variants[0].id)
    await shop.inventory.set_on_hand(variant, None, 5, None)
    await shop.inventory.reserve(new_id(), [make_line(variant, 2)], LATER)
    assert (await shop.read(parse_id("prd", product.id), seller)).variants[0].available == 3


async def test_drafts_are_seen_by_members_only(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller, status="draft")
    for actor in (GUEST, account("admin"), member(new_id())):
        with pytest.raises(NotFound):
            await shop.get(GetProduct(product.id, "", actor))
    assert await shop.get(GetProduct(product.slug, "", member(seller.id, "viewer")))


@pytest.mark.parametrize("name", ["", "prd_x", "no-such", "\x00", "prd_" + "0" * 26, "x" * 500])
async def test_an_unknown_product_is_not_found(shop: Shop, name: str) -> None:
    with pytest.raises(NotFound):
        await shop.get(GetProduct(name, "", GUEST))


async def test_a_taken_slug_is_refused_and_a_derived_one_gives_way(shop: Shop) -> None:
    seller = await shop.seller()
    slug = unique("kikoi")
    await create(shop, seller, slug=slug)
    with pytest.raises(SlugTaken):
        await create(shop, seller, slug=slug)
    derived = await create(shop, seller, title=slug)
    product = await shop.read(derived, seller)
    assert product.slug.startswith(f"{slug}-")


async def test_products_with_one_title_made_at_once_all_get_a_slug(shop: Shop) -> None:
    seller = await shop.seller()
    title = unique("rush")
    made = await asyncio.gather(*(create(shop, seller, title=title) for _ in range(8)))
    slugs = {(await shop.read(each, seller)).slug for each in made}
    assert len(slugs) == 8


async def test_skus_and_external_ids_are_unique_per_seller(shop: Shop) -> None:
    first, second = await shop.seller(), await shop.seller()
    await create(shop, first, sku="A", external_id="1")
    with pytest.raises(SkuTaken):
        await create(shop, first, sku="A")
    with pytest.raises(ExternalIdTaken):
        await create(shop, first, external_id="1")
    await create(shop, second, sku="A", external_id="1")
    await create(shop, second)
    await create(shop, second)


async def test_a_creation_that_is_repeated_makes_one_product(shop: Shop) -> None:
    seller, product_id = await shop.seller(), new_id()
    category = await shop.category()
    command = CreateProduct(
        member(seller.id),
        seller.slug,
        product_id,
        ProductChanges(title="Once", category_id=category, status="active", slug=unique("once")),
        [(new_id(), make_variant())],
    )
    await shop.create(command)
    await shop.create(command)
    assert await event_names(shop, format_id("prd", product_id)) == ["product_published"]


async def test_an_unknown_category_is_refused(shop: Shop) -> None:
    seller = await shop.seller()
    with pytest.raises(ValidationFailed) as raised:
        await create(shop, seller, category_id=new_id())
    assert raised.value.violations[0][0] == "/category_id"
    product = await shop.product(seller)
    with pytest.raises(ValidationFailed):
        await shop.update(
            UpdateProduct(
                member(seller.id),
                parse_id("prd", product.id),
                1,
                ProductChanges(category_id=new_id()),
            )
        )


async def test_a_cart_is_told_of_variants_in_the_order_asked(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(
        seller,
        make_variant("A", title="Small", prices=[Price(2**53 - 1, "KES"), Price(3, "EUR")]),
        make_variant("B"),
    )
    first, second = (parse_id("var", variant.id) for variant in product.variants)
    await shop.inventory.set_on_hand(first, None, 4, None)
    found = await shop.reader.offered([second, new_id(), first, second])
    assert [variant.id for variant in found] == [second, first, second]
    assert found[1].title == "Kikoi – Small"  # noqa: RUF001
    assert found[1].prices == {"KES": 2**53 - 1, "EUR": 3}
    assert (found[0].available, found[1].available, found[1].for_sale) == (0, 4, True)
    assert found[1].seller_name == seller.name


async def test_a_sellers_first_use_makes_one_default_location(shop: Shop) -> None:
    seller = make_seller()
    shop.identity.add(seller)
    await asyncio.gather(*(shop.sellers.find(seller.slug) for _ in range(10)))
    [location] = await shop.inventory.locations(seller.id)
    assert location.is_default
    asked = shop.identity.asked
    await shop.sellers.find(format_id("sel", seller.id))
    assert shop.identity.asked == asked


async def test_an_unknown_seller_is_not_found(shop: Shop) -> None:
    for name in ("no-such", "\x00", "sel_" + "0" * 26):
        with pytest.raises(NotFound):
            await shop.sellers.find(name)


async def test_what_identity_tells_later_wins_and_is_shown_with_products(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller)

    async def tell(sequence: int, **values: str) -> None:
        told = make_seller(id=seller.id, **{"slug": seller.slug, **values})
        async with shop.uow() as work:
            await record_seller(RecordSeller(told, sequence), work.sellers, shop.clock)

    await tell(3, name="Renamed")
    await tell(2, name="Too late")
    shown = await shop.read(parse_id("prd", product.id), seller)
    assert shown.seller.name == "Renamed"
    [item], _ = await shop.page(seller=seller.slug)
    assert item.seller.name == "Renamed"
    await tell(4, name="Renamed", status="suspended")
    assert await shop.titles(seller=seller.slug) == []
    with pytest.raises(NotFound):
        await shop.get(GetProduct(product.id, "", GUEST))
    [offered] = await shop.reader.offered([parse_id("var", product.variants[0].id)])
    assert not offered.for_sale
