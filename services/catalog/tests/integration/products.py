"""Making products, and what is told of them."""

from __future__ import annotations

from uuid import UUID

from catalog.app.create_product import CreateProduct
from catalog.domain.product import ProductChanges
from catalog.domain.seller import Seller
from chassis.ids import new_id
from services.catalog.tests.builders import (
    make_variant,
    member,
)
from services.catalog.tests.conftest import Shop


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
