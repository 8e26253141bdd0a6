"""Categories: a tree that admins keep, shown with its products."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from catalog.app.create_category import CreateCategory, CreateCategoryHandler
from catalog.app.update_category import UpdateCategory, UpdateCategoryHandler
from catalog.app.update_product import UpdateProduct
from catalog.domain.errors import (
    CategoryCycle,
    NotFound,
    SlugTaken,
    ValidationFailed,
)
from catalog.domain.product import ProductChanges
from chassis.errors import ServiceError
from chassis.ids import new_id, parse_id
from services.catalog.tests.builders import (
    account,
    member,
    unique,
)
from services.catalog.tests.conftest import Shop


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
