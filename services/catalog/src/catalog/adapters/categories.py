"""The category tree."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from catalog.adapters.products import PostgresProducts
from catalog.domain.category import Category
from catalog.domain.errors import NotFound, SlugTaken, ValidationFailed
from chassis.database import Database, Session

_ALL = "SELECT id, parent_id, name, slug FROM category ORDER BY name, id"
_ADD = """
INSERT INTO category (id, parent_id, name, slug, created_at)
VALUES (%(id)s, %(parent_id)s, %(name)s, %(slug)s, %(now)s) ON CONFLICT (id) DO NOTHING
"""
# Whoever moves a category must see all other moves: two at once could make a circle.
_LOCK_TREE = "SELECT pg_advisory_xact_lock(hashtext('catalog category tree'))"
_LOCK = "SELECT id, parent_id, name, slug FROM category WHERE id = %(id)s FOR NO KEY UPDATE"
_ANCESTORS = """
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM category WHERE id = %(id)s
    UNION SELECT c.id, c.parent_id FROM category c JOIN above ON c.id = above.parent_id
)
SELECT id FROM above
"""
_SAVE = """
UPDATE category SET parent_id = %(parent_id)s, name = %(name)s, slug = %(slug)s WHERE id = %(id)s
"""
_PRODUCTS = "SELECT id FROM product WHERE category_id = %(id)s ORDER BY id"


class PostgresCategoryReader:
    """Reads the category tree."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[Category]:
        """Return every category, by name."""
        return [Category(**row) for row in await self._db.fetch_all(_ALL)]


class PostgresCategories:
    """Categories over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, category: Category, now: datetime) -> None:
        """Add a category unless it exists; raises SlugTaken, and ValidationFailed (parent)."""
        try:
            await self._session.execute(_ADD, {**_params(category), "now": now})
        except UniqueViolation:
            raise SlugTaken from None
        except ForeignKeyViolation:
            raise ValidationFailed([("/parent_id", "is no category")]) from None

    async def lock(self, category_id: UUID) -> Category:
        """Return a category and keep others from changing the tree; raises NotFound."""
        await self._session.execute(_LOCK_TREE)
        row = await self._session.fetch_one(_LOCK, {"id": category_id})
        if row is None:
            raise NotFound
        return Category(**row)

    async def ancestors(self, category_id: UUID) -> list[UUID]:
        """Return a category and all above it; empty if there is no such category."""
        rows = await self._session.fetch_all(_ANCESTORS, {"id": category_id})
        return [row["id"] for row in rows]

    async def save(self, category: Category) -> None:
        """Store a category and show its name with its products; raises SlugTaken."""
        try:
            await self._session.execute(_SAVE, _params(category))
        except UniqueViolation:
            raise SlugTaken from None
        products = PostgresProducts(self._session)
        for row in await self._session.fetch_all(_PRODUCTS, {"id": category.id}):
            await products.refresh(row["id"])


def _params(category: Category) -> dict[str, object]:
    return {
        "id": category.id,
        "parent_id": category.parent_id,
        "name": category.name,
        "slug": category.slug,
    }
