"""The SQL of lists: one text per combination of filters, so that each is prepared once."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from catalog.app.ports import ListingFilter


class Shape(NamedTuple):
    """Which filters a list has; their values are parameters."""

    text: bool
    category: str
    seller: str
    min_price: bool
    max_price: bool
    in_stock: bool
    rating: bool


class _Order(NamedTuple):
    """A sort: the key's column, its type, whether it descends."""

    key: str
    type: str
    descending: bool


_ORDERS = {
    "newest": _Order("(extract(epoch FROM l.published_at) * 1000000)::bigint", "bigint", True),
    "rating": _Order("l.rating_hundredths", "integer", True),
    "price": _Order("p.amount_minor", "bigint", False),
    "-price": _Order("p.amount_minor", "bigint", True),
    "relevance": _Order("m.rank", "integer", True),
    "unpriced": _Order("NULL::bigint", "bigint", False),
}
_PRICED = ("price", "-price")

# Fields of soko.catalog.v1.ProductSummary one behind the other; \\x4001 is available = true.
_WIRE = r"""l.summary || coalesce(p.wire, ''::bytea)
        || CASE WHEN l.in_stock THEN '\x4001'::bytea ELSE ''::bytea END"""

# A float would be no key to go on from: it is cut to an integer.
_RANK = "(ts_rank(l.search, %(text)s::tsquery) * 1000000)::integer"

_CATEGORY = """l.category_id = ANY (ARRAY(
        WITH RECURSIVE below AS (
            SELECT id FROM category WHERE {match}
            UNION SELECT c.id FROM category c JOIN below ON c.parent_id = below.id
        )
        SELECT id FROM below))"""


def shape(chosen: ListingFilter) -> Shape:
    """Return which filters are set."""
    return Shape(
        bool(chosen.text),
        "id" if chosen.category_id else "slug" if chosen.category_slug else "",
        "id" if chosen.seller_id else "slug" if chosen.seller_slug else "",
        chosen.min_price_minor is not None,
        chosen.max_price_minor is not None,
        chosen.in_stock,
        chosen.rating_min_hundredths is not None,
    )


def filters_price(chosen: ListingFilter) -> bool:
    """Tell whether only products with a price can be in the list."""
    return chosen.min_price_minor is not None or chosen.max_price_minor is not None


def params(chosen: ListingFilter) -> dict[str, object]:
    """Return the values of the filters."""
    return {
        "currency": chosen.currency,
        "text": chosen.text,
        "category": chosen.category_id or chosen.category_slug,
        "seller": chosen.seller_id or chosen.seller_slug,
        "min_price": chosen.min_price_minor,
        "max_price": chosen.max_price_minor,
        "rating": chosen.rating_min_hundredths,
    }


@lru_cache(maxsize=1024)
def page(sort: str, which: Shape, after: bool) -> str:
    """Return the statement for a page; ``after`` tells whether it goes on behind a key."""
    order = _ORDERS[sort]
    if sort == "relevance":
        return _relevance(which, after)
    conditions = _conditions(which)
    column = order.key
    if sort == "newest":
        column = "l.published_at"
    if after:
        conditions.append(_behind(sort, order))
    if sort == "unpriced":
        conditions.append("p.product_id IS NULL")
    direction = "DESC" if order.descending else "ASC"
    sorting = f"l.product_id {direction}"
    if sort in _PRICED:
        sorting = f"p.amount_minor {direction}, p.product_id {direction}"
    elif sort != "unpriced":
        sorting = f"{column} {direction}, {sorting}"
    return f"""
SELECT l.product_id, {order.key} AS key, {_WIRE} AS wire
FROM {_tables(which, priced=sort in _PRICED)}
{_where(conditions)}ORDER BY {sorting} LIMIT %(limit)s
"""  # noqa: S608 - made of constants only


def _relevance(which: Shape, after: bool) -> str:
    """Return the statement for a search: rank all that match, then fetch only the page."""
    conditions = _conditions(which)
    tables = _tables(which) if which.min_price or which.max_price else "listing l"
    behind = "WHERE (rank, product_id) < (%(after_key)s::integer, %(after_id)s)" if after else ""
    return f"""
SELECT m.product_id, m.rank AS key, {_WIRE} AS wire
FROM (
    SELECT product_id, rank FROM (
        SELECT l.product_id, {_RANK} AS rank FROM {tables} {_where(conditions)}
    ) AS ranked {behind}
    ORDER BY rank DESC, product_id DESC LIMIT %(limit)s
) AS m
JOIN listing l ON l.product_id = m.product_id
LEFT JOIN listing_price p ON p.product_id = m.product_id AND p.currency = %(currency)s
ORDER BY m.rank DESC, m.product_id DESC
"""  # noqa: S608 - made of constants only


@lru_cache(maxsize=256)
def facets(which: Shape) -> str:
    """Return the statement that counts the products of a list by category and by seller."""
    return f"""
WITH chosen AS MATERIALIZED (
    SELECT l.category_id, l.seller_id FROM {_tables(which)} {_where(_conditions(which))}
)
(SELECT 'category' AS facet, c.slug AS value, c.name AS label, count(*) AS count
 FROM chosen JOIN category c ON c.id = chosen.category_id
 GROUP BY c.id ORDER BY count(*) DESC, c.slug LIMIT 50)
UNION ALL
(SELECT 'seller', s.slug, s.name, count(*)
 FROM chosen JOIN seller s ON s.id = chosen.seller_id
 GROUP BY s.id ORDER BY count(*) DESC, s.slug LIMIT 50)
"""  # noqa: S608 - made of constants only


def _tables(which: Shape, *, priced: bool = False) -> str:
    join = "JOIN" if priced or which.min_price or which.max_price else "LEFT JOIN"
    return (
        f"listing l {join} listing_price p "
        "ON p.product_id = l.product_id AND p.currency = %(currency)s"
    )


def _conditions(which: Shape) -> list[str]:
    found: list[str] = []
    if which.text:
        found.append("l.search @@ %(text)s::tsquery")
    if which.category:
        found.append(_CATEGORY.format(match=f"{which.category} = %(category)s"))
    if which.seller == "id":
        found.append("l.seller_id = %(seller)s")
    elif which.seller:
        found.append("l.seller_id = ANY (ARRAY(SELECT id FROM seller WHERE slug = %(seller)s))")
    if which.min_price:
        found.append("p.amount_minor >= %(min_price)s")
    if which.max_price:
        found.append("p.amount_minor <= %(max_price)s")
    if which.in_stock:
        found.append("l.in_stock")
    if which.rating:
        found.append("l.rating_hundredths >= %(rating)s")
    return found


def _behind(sort: str, order: _Order) -> str:
    """Return the condition for rows behind the last key, in a form that an index can serve."""
    sign = "<" if order.descending else ">"
    if sort == "unpriced":
        return "l.product_id > %(after_id)s"
    if sort in _PRICED:
        return f"(p.amount_minor, p.product_id) {sign} (%(after_key)s::bigint, %(after_id)s)"
    if sort == "newest":
        return (
            "(l.published_at, l.product_id) < (timestamptz 'epoch' "
            "+ %(after_key)s::bigint * interval '1 microsecond', %(after_id)s)"
        )
    return f"({order.key}, l.product_id) {sign} (%(after_key)s::{order.type}, %(after_id)s)"


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}\n" if conditions else ""
