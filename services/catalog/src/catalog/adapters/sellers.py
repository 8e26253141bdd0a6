"""Sellers as identity tells of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from catalog.adapters.products import PostgresProducts
from catalog.domain.seller import Seller
from chassis.database import Database, Session
from chassis.ids import format_id

_FIND = """
SELECT id, slug, name, country, currency, status FROM seller
WHERE CASE WHEN %(id)s::uuid IS NULL THEN slug = %(slug)s ELSE id = %(id)s END
ORDER BY sequence DESC LIMIT 1
"""
# The default location is made with the seller, once: the unique index on it decides.
_RECORD = """
WITH old AS (
    SELECT name, slug, status FROM seller WHERE id = %(id)s
), recorded AS (
    INSERT INTO seller AS known (id, slug, name, country, currency, status, sequence)
    VALUES (%(id)s, %(slug)s, %(name)s, %(country)s, %(currency)s, %(status)s, %(sequence)s)
    ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name,
        country = excluded.country, currency = excluded.currency, status = excluded.status,
        sequence = excluded.sequence
    WHERE known.sequence < excluded.sequence
    RETURNING id
)
SELECT EXISTS (SELECT FROM recorded) AND EXISTS (
    SELECT FROM old
    WHERE (name, slug, status) IS DISTINCT FROM (%(name)s, %(slug)s, %(status)s)
) AS shown_differently
"""
_DEFAULT_LOCATION = """
INSERT INTO location (id, type_id, seller_id, name, country, is_default, created_at)
SELECT %(location_id)s, %(type_id)s, %(id)s, 'Main location', %(country)s, true, %(now)s
WHERE NOT EXISTS (SELECT FROM location WHERE seller_id = %(id)s AND is_default)
ON CONFLICT (seller_id) WHERE is_default DO NOTHING
"""
_PRODUCTS = "SELECT id FROM product WHERE seller_id = %(id)s ORDER BY id"


class PostgresSellerReader:
    """Reads sellers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, seller_id: UUID | None, slug: str) -> Seller | None:
        """Return a seller by id, or by slug without one."""
        row = await self._db.fetch_one(_FIND, {"id": seller_id, "slug": slug})
        return None if row is None else Seller(**row)


class PostgresSellers:
    """Sellers over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, seller: Seller, sequence: int, location_id: UUID, now: datetime) -> None:
        """Store what identity told, unless something newer is known; make the default location."""
        params = {
            "id": seller.id,
            "slug": seller.slug,
            "name": seller.name,
            "country": seller.country,
            "currency": seller.currency,
            "status": seller.status,
            "sequence": sequence,
            "location_id": location_id,
            "type_id": format_id("loc", location_id),
            "now": now,
        }
        row = await self._session.fetch_one(_RECORD, params)
        await self._session.execute(_DEFAULT_LOCATION, params)
        if row is not None and row["shown_differently"]:
            products = PostgresProducts(self._session)
            for product in await self._session.fetch_all(_PRODUCTS, params):
                await products.refresh(product["id"])
