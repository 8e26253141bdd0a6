"""Products in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg.errors import UniqueViolation

from catalog.adapters import listings, product_rows, product_wire
from catalog.adapters.outgoing import product_event
from catalog.adapters.product_wire import Surroundings
from catalog.domain.errors import (
    CatalogError,
    ExternalIdTaken,
    NotFound,
    SkuTaken,
    SlugTaken,
    TooManyMedia,
    ValidationFailed,
)
from catalog.domain.product import Product
from chassis import outbox
from chassis.database import Session

_TAKEN: Mapping[str, type[CatalogError]] = {
    "variant_sku": SkuTaken,
    "product_slug_key": SlugTaken,
    "product_external_id": ExternalIdTaken,
}

_SHARE_SELLER = "SELECT id FROM seller WHERE id = %(id)s FOR SHARE"
_SHARE_CATEGORY = "SELECT id FROM category WHERE id = %(id)s FOR SHARE"
_SELLER_OF = "SELECT seller_id FROM product WHERE id = %(id)s"
_PRODUCT_OF = "SELECT product_id FROM variant WHERE id = %(id)s AND removed_at IS NULL"
_SLUG_EXISTS = "SELECT 1 AS found FROM product WHERE slug = %(slug)s"
_LOCK_STOCK = """
SELECT held + allocated AS reserved FROM stock WHERE variant_id = %(id)s
ORDER BY variant_id, location_id FOR UPDATE
"""
_ADD_PICTURE = """
WITH known AS (
    SELECT count(*) AS count, coalesce(max(position), 0) AS last FROM media
    WHERE product_id = %(product_id)s AND id <> %(id)s
)
INSERT INTO media (id, product_id, position, alt, renditions, created_at)
SELECT %(id)s, %(product_id)s, known.last + 1, %(alt)s, %(renditions)s, %(now)s FROM known
WHERE known.count < %(most)s
ON CONFLICT (id) DO UPDATE SET alt = excluded.alt
"""


class PostgresProducts:
    """Products over one session.

    Locks are taken in one order by all: seller, category, product, stock.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock(
        self,
        product_id: UUID,
        seller_id: UUID | None = None,
        new_category_id: UUID | None = None,
    ) -> Product:
        """Return a product that nobody else changes until the transaction ends."""
        if new_category_id is not None:
            await self._share_category(new_category_id)
        params = {"id": product_id, "seller_id": seller_id}
        if await self._session.fetch_one(product_rows.LOCK, params) is None:
            raise NotFound
        row = await self._session.fetch_one(product_rows.LOAD, {"id": product_id})
        if row is None:
            raise NotFound
        return product_rows.to_product(row)

    async def add(self, product: Product) -> bool:
        """Add a product and tell of it; return False if it exists already."""
        # Shared locks: a seller or category that is being renamed shows the new name with this
        # product, because the renaming waits for it or it for the renaming.
        if await self._session.fetch_one(_SHARE_SELLER, {"id": product.seller_id}) is None:
            raise NotFound
        await self._share_category(product.category_id)
        async with _named_conflicts():
            around = await self._surroundings(product)
            params = product_rows.to_params(product, product_wire.document(product, around))
            if not await self._session.execute(product_rows.INSERT, params):
                return False
            await self._put_parts(product, around, params)
        return True

    async def save(self, product: Product) -> None:
        """Store a locked product and tell of its events."""
        async with _named_conflicts():
            around = await self._surroundings(product)
            params = product_rows.to_params(product, product_wire.document(product, around))
            await self._session.execute(product_rows.UPDATE, params)
            await self._put_parts(product, around, params)

    async def refresh(self, product_id: UUID) -> None:
        """Show a product anew, because the name of its seller or category changed."""
        product = await self.lock(product_id)
        await self.save(product)

    async def reserved(self, variant_id: UUID) -> int:
        """Return held and allocated units of a variant and keep others from reserving more."""
        rows = await self._session.fetch_all(_LOCK_STOCK, {"id": variant_id})
        return sum(row["reserved"] for row in rows)

    async def product_of(self, variant_id: UUID) -> UUID:
        """Return the product of a variant that is offered; raises NotFound."""
        row = await self._session.fetch_one(_PRODUCT_OF, {"id": variant_id})
        if row is None:
            raise NotFound
        product_id: UUID = row["product_id"]
        return product_id

    async def seller_of(self, product_id: UUID) -> UUID:
        """Return whose product it is; raises NotFound."""
        row = await self._session.fetch_one(_SELLER_OF, {"id": product_id})
        if row is None:
            raise NotFound
        seller_id: UUID = row["seller_id"]
        return seller_id

    async def slug_exists(self, slug: str) -> bool:
        """Tell whether a product has the slug."""
        return await self._session.fetch_one(_SLUG_EXISTS, {"slug": slug}) is not None

    async def add_picture(
        self, product: Product, media_id: UUID, alt: str, etags: Mapping[str, str], most: int
    ) -> None:
        """Add a picture behind the others; raises TooManyMedia beyond ``most``."""
        params = {
            "id": media_id,
            "product_id": product.id,
            "alt": alt,
            "renditions": dict(etags),
            "now": product.updated_at,
            "most": most,
        }
        if not await self._session.execute(_ADD_PICTURE, params):
            raise TooManyMedia

    async def _share_category(self, category_id: UUID) -> None:
        if await self._session.fetch_one(_SHARE_CATEGORY, {"id": category_id}) is None:
            raise ValidationFailed([("/category_id", "is no category")])

    async def _surroundings(self, product: Product) -> Surroundings:
        row = await self._session.fetch_one(
            product_rows.SURROUNDINGS,
            {
                "id": product.id,
                "seller_id": product.seller_id,
                "category_id": product.category_id,
            },
        )
        if row is None:
            raise ValidationFailed([("/category_id", "is no category")])
        return product_rows.to_surroundings(row)

    async def _put_parts(
        self, product: Product, around: Surroundings, params: dict[str, object]
    ) -> None:
        await self._session.execute(product_rows.PUT_VARIANTS, params)
        await self._session.execute(product_rows.PUT_PRICES, params)
        await listings.show(self._session, product, around)
        for event in product.events:
            await outbox.append(self._session, product_event(product, event))


@asynccontextmanager
async def _named_conflicts() -> AsyncIterator[None]:
    """Turn a violated unique index into the fact that it stands for."""
    try:
        yield
    except UniqueViolation as error:
        fact = _TAKEN.get(error.diag.constraint_name or "")
        if fact is None:
            raise
        raise fact from None
