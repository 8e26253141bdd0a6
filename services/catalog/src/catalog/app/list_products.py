"""List and search what is for sale."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from catalog.app.ports import (
    Currencies,
    FacetCount,
    ListingFilter,
    ListingKey,
    ProductReader,
)
from catalog.domain.errors import ValidationFailed, Violation
from catalog.domain.money import amount_problem
from catalog.domain.search import closest, join_query, query_words, search_query, trigrams
from catalog.domain.text import is_slug
from chassis.cursors import CursorCodec, Key, filter_hash
from chassis.errors import ServiceError, malformed
from chassis.ids import parse_id

SORTS = frozenset({"relevance", "newest", "price", "-price", "rating"})
DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_QUERY_LENGTH = 200
_KIND = "products"


@dataclass(frozen=True, slots=True)
class ListProducts:
    """Filters and order as a client sent them; empty or None for none."""

    limit: int = 0
    cursor: str = ""
    query: str = ""
    category: str = ""
    seller: str = ""
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    currency: str = ""
    in_stock: bool = False
    rating_min_hundredths: int | None = None
    sort: str = ""
    facets: bool = False


@dataclass(frozen=True, slots=True)
class ProductList:
    """A page, the cursor behind it and what was counted."""

    items: Sequence[bytes]
    next_cursor: str
    facets: Sequence[FacetCount]


class ListProductsHandler:
    """Answers ListProducts. A misspelt search is corrected when it finds nothing as it is."""

    def __init__(
        self,
        reader: ProductReader,
        cursors: CursorCodec,
        currencies: Currencies,
        default_currency: str,
    ) -> None:
        self._reader = reader
        self._cursors = cursors
        self._currencies = currencies
        self._default_currency = default_currency

    async def __call__(self, query: ListProducts) -> ProductList:
        """Return a page; raises ValidationFailed, and ``invalid_cursor`` for a foreign cursor."""
        self._check(query)
        sort = query.sort or ("relevance" if query.query else "newest")
        text = search_query(query.query) if query.query else ""
        if not text and sort == "relevance":
            sort = "newest"
        chosen = self._filter(query, text)
        if chosen is None or (query.query and not text):
            return ProductList((), "", ())
        bound = filter_hash(sort, *_parts(query, chosen.currency))
        after, corrected = self._after(query.cursor, bound)
        if corrected:
            chosen = replace(chosen, text=await self._corrected(query.query))
        limit = query.limit or DEFAULT_LIMIT
        page = await self._reader.page(chosen, sort, after, limit)
        if text and not page.items and after is None:
            better = await self._corrected(query.query)
            if better != text:
                corrected, chosen = True, replace(chosen, text=better)
                page = await self._reader.page(chosen, sort, None, limit)
        facets = await self._reader.facets(chosen) if query.facets else ()
        return ProductList(page.items, self._next(page.last, corrected, bound), facets)

    async def _corrected(self, text: str) -> str:
        """Return a query for the words that were meant, each beside the one that was written."""
        wanted = query_words(text)
        similar = await asyncio.gather(
            *(self._reader.similar_words(word, trigrams(word)) for word in wanted)
        )
        return join_query(
            [
                list(dict.fromkeys([word, *closest(word, candidates)]))
                for word, candidates in zip(wanted, similar, strict=True)
            ]
        )

    def _after(self, cursor: str, bound: str) -> tuple[ListingKey | None, bool]:
        if not cursor:
            return None, False
        key, product_id, corrected = self._cursors.decode(_KIND, bound, cursor)
        if isinstance(key, str) or not isinstance(product_id, str):
            raise malformed("invalid_cursor", "The cursor is not one of this list.")
        return (key, UUID(product_id)), bool(corrected)

    def _next(self, last: ListingKey | None, corrected: bool, bound: str) -> str:
        if last is None:
            return ""
        keys: list[Key] = [last[0], last[1].hex, int(corrected)]
        return self._cursors.encode(_KIND, bound, keys)

    def _filter(self, query: ListProducts, text: str) -> ListingFilter | None:
        """Return the filter, None if it names what cannot exist."""
        category_id, category_slug = _id_or_slug("cat", query.category)
        seller_id, seller_slug = _id_or_slug("sel", query.seller)
        if (query.category and not (category_id or category_slug)) or (
            query.seller and not (seller_id or seller_slug)
        ):
            return None
        return ListingFilter(
            currency=query.currency or self._default_currency,
            text=text,
            category_id=category_id,
            category_slug=category_slug,
            seller_id=seller_id,
            seller_slug=seller_slug,
            min_price_minor=query.min_price_minor,
            max_price_minor=query.max_price_minor,
            in_stock=query.in_stock,
            rating_min_hundredths=query.rating_min_hundredths,
        )

    def _check(self, query: ListProducts) -> None:
        found: list[Violation] = []
        if not 0 <= query.limit <= MAX_LIMIT:
            found.append(("/limit", f"must be 1 to {MAX_LIMIT}"))
        if query.sort and query.sort not in SORTS:
            found.append(("/sort", f"must be one of {', '.join(sorted(SORTS))}"))
        if query.currency and query.currency not in self._currencies:
            found.append(("/currency", "is not an ISO 4217 currency"))
        if len(query.query) > MAX_QUERY_LENGTH:
            found.append(("/q", f"must have at most {MAX_QUERY_LENGTH} characters"))
        for pointer, amount in (
            ("/min_price_minor", query.min_price_minor),
            ("/max_price_minor", query.max_price_minor),
        ):
            if amount is not None and (problem := amount_problem(amount)):
                found.append((pointer, problem))
        rating = query.rating_min_hundredths
        if rating is not None and not 0 <= rating <= 500:
            found.append(("/rating_min", "must be 0 to 5"))
        if found:
            raise ValidationFailed(found)


def _parts(query: ListProducts, currency: str) -> tuple[object, ...]:
    return (
        currency,
        query.query,
        query.category,
        query.seller,
        query.min_price_minor,
        query.max_price_minor,
        query.in_stock,
        query.rating_min_hundredths,
    )


def _id_or_slug(prefix: str, text: str) -> tuple[UUID | None, str]:
    if not text:
        return None, ""
    try:
        return parse_id(prefix, text), ""
    except ServiceError:
        return None, text if is_slug(text) else ""
