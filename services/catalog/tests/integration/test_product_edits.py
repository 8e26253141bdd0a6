"""Products and variants that are changed, by whom and to what effect."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from catalog.app.add_variant import AddVariant, AddVariantHandler
from catalog.app.remove_variant import RemoveVariant, RemoveVariantHandler
from catalog.app.update_product import UpdateProduct
from catalog.app.update_variant import UpdateVariant, UpdateVariantHandler
from catalog.domain.errors import (
    NotFound,
    RoleRequired,
    SkuTaken,
    StaleVersion,
    StockReserved,
)
from catalog.domain.money import Price
from catalog.domain.product import ProductChanges, VariantChanges
from chassis.actor import GUEST
from chassis.errors import ServiceError
from chassis.ids import new_id, parse_id
from services.catalog.tests.builders import (
    CURRENCIES,
    LATER,
    account,
    make_line,
    make_variant,
    member,
)
from services.catalog.tests.conftest import Shop
from services.catalog.tests.integration.products import event_names
from soko.events.v1 import catalog_pb2 as events


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
