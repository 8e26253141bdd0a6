"""What lists and searches read, kept in the transaction that changes a product."""

from __future__ import annotations

from catalog.adapters import product_wire
from catalog.adapters.product_wire import Surroundings
from catalog.domain.product import Product
from catalog.domain.search import search_vector, trigrams, words
from chassis.database import Statements

_DROP = "DELETE FROM listing WHERE product_id = %(id)s"

# The caller has the product's row, as the job that follows the stock does before it looks.
_PUT = """
INSERT INTO listing (product_id, seller_id, category_id, published_at, rating_hundredths, in_stock,
    summary, search)
SELECT %(id)s, %(seller_id)s, %(category_id)s, %(published_at)s, %(rating)s, EXISTS (
        SELECT FROM variant v JOIN stock k ON k.variant_id = v.id
        WHERE v.product_id = %(id)s AND v.removed_at IS NULL
            AND k.on_hand - k.held - k.allocated > 0
    ), %(summary)s, %(search)s::tsvector
ON CONFLICT (product_id) DO UPDATE SET category_id = excluded.category_id,
    published_at = excluded.published_at, rating_hundredths = excluded.rating_hundredths,
    in_stock = excluded.in_stock, summary = excluded.summary, search = excluded.search
"""

_PUT_PRICES = """
WITH now AS (
    SELECT * FROM unnest(%(currencies)s::text[], %(amounts)s::bigint[], %(wires)s::bytea[])
        AS n (currency, amount_minor, wire)
), gone AS (
    DELETE FROM listing_price
    WHERE product_id = %(id)s AND currency <> ALL (%(currencies)s::text[])
)
INSERT INTO listing_price (product_id, currency, amount_minor, wire)
SELECT %(id)s, currency, amount_minor, wire FROM now
ON CONFLICT (product_id, currency) DO UPDATE
SET amount_minor = excluded.amount_minor, wire = excluded.wire
"""

# In order, so that two products with the same new words wait for each other in one direction only.
_PUT_WORDS = """
INSERT INTO search_word (word, trigrams)
SELECT n.word, ARRAY(SELECT jsonb_array_elements_text(n.trigrams))
FROM jsonb_to_recordset(%(words)s::jsonb -> 'words') AS n (word text, trigrams jsonb)
WHERE NOT EXISTS (SELECT FROM search_word w WHERE w.word = n.word)
ORDER BY n.word
ON CONFLICT (word) DO NOTHING
"""


async def show(statements: Statements, product: Product, around: Surroundings) -> None:
    """Show a product in lists as it is now, or take it out of them if it is not for sale."""
    if product.status != "active" or not around.seller_active or product.published_at is None:
        await statements.execute(_DROP, {"id": product.id})
        return
    named = _named(product)
    await statements.execute(
        _PUT,
        {
            "id": product.id,
            "seller_id": product.seller_id,
            "category_id": product.category_id,
            "published_at": product.published_at,
            "rating": product.rating_average_hundredths if product.rating_count else -1,
            "summary": product_wire.summary(product, around),
            "search": search_vector(
                [("A", product.title), ("B", named), ("D", product.description)]
            ),
        },
    )
    lowest = product_wire.lowest_prices(product)
    await statements.execute(
        _PUT_PRICES,
        {
            "id": product.id,
            "currencies": list(lowest),
            "amounts": list(lowest.values()),
            "wires": [product_wire.price_from(*price) for price in lowest.items()],
        },
    )
    vocabulary = sorted(set(words(f"{product.title} {named}")))
    await statements.execute(
        _PUT_WORDS,
        {"words": {"words": [{"word": w, "trigrams": trigrams(w)} for w in vocabulary]}},
    )


def _named(product: Product) -> str:
    """Return what a buyer may type beside the title: SKUs, variants' titles and options."""
    return " ".join(
        " ".join((variant.sku, variant.title, *variant.options.values()))
        for variant in product.live_variants
    )
