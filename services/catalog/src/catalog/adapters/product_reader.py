"""Reads products, one statement a call."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from catalog.adapters import listing_sql
from catalog.adapters.array_literal import array_literal
from catalog.app.ports import (
    FacetCount,
    ListingFilter,
    ListingKey,
    ListingPage,
    OfferedVariant,
    ProductView,
)
from chassis.database import Database, Row

_VIEW = """
SELECT p.document, p.seller_id, p.status = 'active' AND s.status = 'active' AS for_sale, ARRAY(
        SELECT coalesce((
            SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = v.id
        ), 0) FROM variant v WHERE v.product_id = p.id AND v.removed_at IS NULL ORDER BY v.position
    )::bigint[] AS available
FROM product p JOIN seller s ON s.id = p.seller_id
"""
_VIEW_BY_ID = _VIEW + "WHERE p.id = %(id)s"
_VIEW_BY_SLUG = _VIEW + "WHERE p.slug = %(slug)s"

_OFFERED = """
SELECT v.id, v.product_id, p.seller_id, s.name AS seller_name, p.category_id, v.sku,
    CASE WHEN v.title = '' THEN p.title ELSE p.title || ' – ' || v.title END AS title,
    p.status = 'active' AND s.status = 'active' AND v.removed_at IS NULL AS for_sale,
    (SELECT jsonb_object_agg(c.currency, c.amount_minor) FROM price c WHERE c.variant_id = v.id)
        AS prices,
    coalesce((
        SELECT sum(k.on_hand - k.held - k.allocated) FROM stock k WHERE k.variant_id = v.id
    ), 0)::bigint AS available
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS asked (id, number)
JOIN variant v ON v.id = asked.id
JOIN product p ON p.id = v.product_id
JOIN seller s ON s.id = p.seller_id
ORDER BY asked.number
"""  # noqa: RUF001 - the dash between two titles is meant

# Words that are not much shorter and share at least a fifth of the trigrams: two swapped letters
# leave a word of four with one.
_SIMILAR = """
SELECT word FROM (
    SELECT w.word, (
            SELECT count(*) FROM unnest(w.trigrams) AS t (trigram)
            WHERE t.trigram = ANY (%(trigrams)s)
        ) AS shared
    FROM search_word w
    WHERE w.trigrams && %(trigrams)s AND length(w.word) >= length(%(word)s) - 2
) AS candidate
WHERE shared * 5 >= cardinality(%(trigrams)s)
ORDER BY shared DESC, abs(length(word) - length(%(word)s)), word LIMIT 100
"""


class PostgresProductReader:
    """Reads products and lists."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def view(self, product_id: UUID | None, slug: str) -> ProductView | None:
        """Return a product by id, or by slug without one."""
        if product_id is None:
            row = await self._db.fetch_one(_VIEW_BY_SLUG, {"slug": slug})
        else:
            row = await self._db.fetch_one(_VIEW_BY_ID, {"id": product_id})
        return None if row is None else ProductView(**row)

    async def offered(self, variant_ids: Sequence[UUID]) -> list[OfferedVariant]:
        """Return variants that exist, in the order asked."""
        if not variant_ids:
            return []
        rows = await self._db.fetch_all(_OFFERED, {"ids": array_literal(variant_ids)})
        return [OfferedVariant(**row) for row in rows]

    async def page(
        self, chosen: ListingFilter, sort: str, after: ListingKey | None, limit: int
    ) -> ListingPage:
        """Return a page; ``sort`` is relevance, newest, price, -price or rating.

        By price, products without one in the list's currency come last, in the order of their ids.
        """
        wanted = limit + 1
        rows: list[Row] = []
        by_price = sort in {"price", "-price"}
        if not (by_price and after is not None and after[0] is None):
            rows = await self._rows(chosen, sort, after, wanted)
            after = None
        if by_price and len(rows) < wanted and not listing_sql.filters_price(chosen):
            rows += await self._rows(chosen, "unpriced", after, wanted - len(rows))
        more = len(rows) > limit
        rows = rows[:limit]
        last = (rows[-1]["key"], rows[-1]["product_id"]) if more else None
        return ListingPage([row["wire"] for row in rows], last)

    async def facets(self, chosen: ListingFilter) -> list[FacetCount]:
        """Return how many products of a list each category and each seller has."""
        rows = await self._db.fetch_all(
            listing_sql.facets(listing_sql.shape(chosen)), listing_sql.params(chosen)
        )
        return [FacetCount(**row) for row in rows]

    async def similar_words(self, word: str, trigrams: Sequence[str]) -> list[str]:
        """Return words of products that share trigrams with a word, likeliest first."""
        rows = await self._db.fetch_all(_SIMILAR, {"word": word, "trigrams": list(trigrams)})
        return [row["word"] for row in rows]

    async def _rows(
        self, chosen: ListingFilter, sort: str, after: ListingKey | None, limit: int
    ) -> list[Row]:
        sql = listing_sql.page(sort, listing_sql.shape(chosen), after is not None)
        params = listing_sql.params(chosen)
        params["limit"] = limit
        if after is not None:
            params["after_key"], params["after_id"] = after
        return await self._db.fetch_all(sql, params)
