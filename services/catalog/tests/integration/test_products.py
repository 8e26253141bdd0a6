"""Products, categories and sellers in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from catalog.app.add_variant import AddVariant, AddVariantHandler
from catalog.app.create_category import CreateCategory, CreateCategoryHandler
from catalog.app.create_product import CreateProduct
from catalog.app.get_product import GetProduct
from catalog.app.record_seller import RecordSeller, record_seller
from catalog.app.remove_variant import RemoveVariant, RemoveVariantHandler
from catalog.app.update_category import UpdateCategory, UpdateCategoryHandler
from catalog.app.update_product import UpdateProduct
from catalog.app.update_variant import UpdateVariant, UpdateVariantHandler
from catalog.domain.errors import (
    CategoryCycle,
    ExternalIdTaken,
    NotFound,
    RoleRequired,
    SkuTaken,
    SlugTaken,
    StaleVersion,
    StockReserved,
    ValidationFailed,
)
from catalog.domain.money import Price
from catalog.domain.product import ProductChanges, VariantChanges
from catalog.domain.seller import Seller
from chassis.actor import GUEST
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id, parse_id
from services.catalog.tests.builders import (
    CURRENCIES,
    LATER,
    account,
    make_line,
    make_seller,
    make_variant,
    member,
    unique,
)
from services.catalog.tests.conftest import Shop
from soko.events.v1 import catalog_pb2 as events


async def event_names(shop: Shop, aggregate: str) -> list[str]:
    rows = await shop.db.fetch_all(
        "SELECT name FROM outbox WHERE aggregate_id = %(id)s ORDER BY sequence", {"id": aggregate}
    )
    return [row["name"] for row in rows]


async def create(
    shop: Shop, seller: Seller, product_id: UUID | None = None, **fields: object
) -> UUID:
    product_id = product_id or new_id()
    values = {"title": "Kikoi", "category_id": await shop.category(), **fields}
    variant = make_variant(str(values.pop("sku", "")))
    await shop.create(
        CreateProduct(
            member(seller.id),
            seller.slug,
            product_id,
            ProductChanges(**values),  # type: ignore[arg-type]
            [(new_id(), variant)],
        )
    )
    return product_id


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


async def test_only_owners_and_managers_edit_products(shop: Shop) -> None:
    seller = await shop.seller()
    product_id = parse_id("prd", (await shop.product(seller)).id)

    async def rename(actor: object) -> None:
        await shop.update(
            UpdateProduct(actor, product_id, None, ProductChanges(title="Mine"))  # type: ignore[arg-type]
        )

    await rename(member(seller.id, "manager"))
    for role in ("fulfilment", "finance", "viewer"):
        with pytest.raises(RoleRequired):
            await rename(member(seller.id, role))
    with pytest.raises(NotFound):
        await rename(member(new_id()))
    with pytest.raises(ServiceError) as raised:
        await rename(GUEST)
    assert raised.value.kind == "unauthenticated"


async def test_a_member_whom_the_token_does_not_name_yet_may_edit(shop: Shop) -> None:
    seller, newcomer = await shop.seller(), account()
    product_id = parse_id("prd", (await shop.product(seller)).id)
    shop.identity.roles[seller.id, newcomer.account_id] = "owner"
    await shop.update(UpdateProduct(newcomer, product_id, None, ProductChanges(title="Mine")))


async def test_a_stale_version_changes_nothing(shop: Shop) -> None:
    seller = await shop.seller()
    product_id = parse_id("prd", (await shop.product(seller)).id)

    async def rename(title: str) -> bool:
        try:
            await shop.update(
                UpdateProduct(member(seller.id), product_id, 1, ProductChanges(title=title))
            )
        except StaleVersion:
            return False
        return True

    results = await asyncio.gather(*(rename(f"T{n}") for n in range(10)))
    assert sum(results) == 1
    product = await shop.read(product_id, seller)
    assert product.version == 2
    assert product.title == f"T{results.index(True)}"


async def test_absent_fields_stay_as_they_are(shop: Shop) -> None:
    seller = await shop.seller()
    before = await shop.product(seller, description="Long", attributes={"a": 1}, external_id="x")
    product_id = parse_id("prd", before.id)
    shop.clock.advance(timedelta(hours=1))
    await shop.update(UpdateProduct(member(seller.id), product_id, 1, ProductChanges(title="New")))
    after = await shop.read(product_id, seller)
    assert after.title == "New"
    for name in ("slug", "description", "attributes", "external_id", "variants", "created_at"):
        assert getattr(after, name) == getattr(before, name)
    assert after.updated_at != before.updated_at


async def test_events_tell_of_publishing_changing_and_archiving(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(seller, status="draft")
    product_id = parse_id("prd", product.id)
    for status in ("active", "archived"):
        await shop.update(
            UpdateProduct(member(seller.id), product_id, None, ProductChanges(status=status))
        )
    names = await event_names(shop, product.id)
    assert names == ["product_published", "product_archived"]
    row = await shop.db.fetch_one(
        "SELECT payload FROM outbox WHERE aggregate_id = %(id)s AND sequence = 2",
        {"id": product.id},
    )
    assert row is not None
    state = events.ProductArchived.FromString(row["payload"]).product
    assert (state.product_id, state.status, state.version) == (product.id, "archived", 3)


async def test_variants_are_added_changed_and_removed(shop: Shop) -> None:
    seller = await shop.seller()
    owner = member(seller.id)
    product_id = parse_id("prd", (await shop.product(seller)).id)
    added = new_id()
    add = AddVariantHandler(shop.uow, shop.desk, CURRENCIES, shop.clock)
    command = AddVariant(owner, product_id, added, make_variant("B", title="Second"))
    await add(command)
    await add(command)
    update = UpdateVariantHandler(shop.uow, shop.desk, CURRENCIES, shop.clock)
    await update(UpdateVariant(owner, added, 2, VariantChanges(prices=[Price(5, "KES")])))
    product = await shop.read(product_id, seller)
    assert product.version == 3
    assert [variant.sku for variant in product.variants][1] == "B"
    assert product.variants[1].price.amount_minor == 5
    [item], _ = await shop.page(seller=seller.slug)
    assert item.price_from.amount_minor == 5
    with pytest.raises(SkuTaken):
        await update(UpdateVariant(owner, added, None, VariantChanges(sku=product.variants[0].sku)))
    remove = RemoveVariantHandler(shop.uow, shop.desk, shop.clock)
    await remove(RemoveVariant(owner, added, None))
    assert len((await shop.read(product_id, seller)).variants) == 1
    with pytest.raises(NotFound):
        await remove(RemoveVariant(owner, added, None))
    await add(AddVariant(owner, product_id, new_id(), make_variant("B")))


async def test_a_variant_that_is_reserved_stays(shop: Shop) -> None:
    seller = await shop.seller()
    product = await shop.product(
        seller, make_variant(options={"S": "1"}), make_variant(options={"S": "2"})
    )
    variant = parse_id("var", product.variants[0].id)
    await shop.inventory.set_on_hand(variant, None, 5, None)
    await shop.inventory.reserve(new_id(), [make_line(variant, 2)], LATER)
    remove = RemoveVariantHandler(shop.uow, shop.desk, shop.clock)
    with pytest.raises(StockReserved):
        await remove(RemoveVariant(member(seller.id), variant, None))
    assert len((await shop.read(parse_id("prd", product.id), seller)).variants) == 2


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


async def test_a_renamed_category_is_shown_with_its_products(shop: Shop) -> None:
    seller, category = await shop.seller(), await shop.category()
    product = await shop.product(seller, category_id=category)
    update = UpdateCategoryHandler(shop.uow)
    await update(UpdateCategory(account("admin"), category, "Renamed", None, None))
    assert (await shop.read(parse_id("prd", product.id), seller)).category.name == "Renamed"


async def test_a_product_changed_while_its_category_is_renamed_shows_the_new_name(
    shop: Shop,
) -> None:
    seller = await shop.seller()
    old, new = await shop.category(), await shop.category()
    products = [parse_id("prd", (await shop.product(seller, category_id=old)).id) for _ in range(5)]
    update = UpdateCategoryHandler(shop.uow)
    name = unique("Fresh")
    await asyncio.gather(
        update(UpdateCategory(account("admin"), new, name, None, None)),
        *(
            shop.update(
                UpdateProduct(member(seller.id), each, None, ProductChanges(category_id=new))
            )
            for each in products
        ),
    )
    for each in products:
        assert (await shop.read(each, seller)).category.name == name


async def test_categories_are_for_admins_and_never_in_a_circle(shop: Shop) -> None:
    create_category = CreateCategoryHandler(shop.uow, shop.clock)
    update = UpdateCategoryHandler(shop.uow)
    with pytest.raises(ServiceError) as raised:
        await create_category(CreateCategory(account("operator"), new_id(), "X", "", None))
    assert raised.value.kind == "forbidden"
    admin = account("admin")
    top = await shop.category()
    below = await shop.category(parent_id=await shop.category(parent_id=top))
    with pytest.raises(CategoryCycle):
        await update(UpdateCategory(admin, top, None, None, below))
    with pytest.raises(CategoryCycle):
        await update(UpdateCategory(admin, top, None, None, top))
    with pytest.raises(ValidationFailed):
        await update(UpdateCategory(admin, top, None, None, new_id()))
    with pytest.raises(NotFound):
        await update(UpdateCategory(admin, new_id(), "X", None, None))
    moved = await update(UpdateCategory(admin, below, None, None, None, to_top=True))
    assert moved.parent_id is None
    with pytest.raises(SlugTaken):
        await update(UpdateCategory(admin, below, None, await slug_of(shop, top), None))
    with pytest.raises(ValidationFailed):
        await create_category(CreateCategory(admin, new_id(), "X", "", new_id()))


async def test_two_moves_at_once_make_no_circle(shop: Shop) -> None:
    first, second = await shop.category(), await shop.category()
    update, admin = UpdateCategoryHandler(shop.uow), account("admin")
    results = await asyncio.gather(
        update(UpdateCategory(admin, first, None, None, second)),
        update(UpdateCategory(admin, second, None, None, first)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Category", "CategoryCycle"]


async def slug_of(shop: Shop, category_id: UUID) -> str:
    return next(each.slug for each in await shop.categories.all() if each.id == category_id)
