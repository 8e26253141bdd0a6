"""Products as rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from catalog.adapters.product_wire import Surroundings
from catalog.domain.money import Price
from catalog.domain.options import Option
from catalog.domain.product import Product
from catalog.domain.variant import Variant

LOCK = """
SELECT id FROM product WHERE id = %(id)s AND seller_id = coalesce(%(seller_id)s::uuid, seller_id)
FOR NO KEY UPDATE
"""

# Rows of other things are read, not locked: whoever renames a seller or a category shows the new
# name with its products afterwards, one locked product after the other.
LOAD = """
SELECT p.id, p.seller_id, p.category_id, p.slug, p.external_id, p.title, p.description, p.status,
    p.options, p.attributes, p.rating_average_hundredths, p.rating_count, p.version, p.created_at,
    p.updated_at, p.published_at,
    coalesce((
        SELECT jsonb_agg(jsonb_build_object(
            'id', v.id, 'position', v.position, 'sku', v.sku, 'title', v.title,
            'options', v.options, 'compare_at_minor', v.compare_at_minor,
            'compare_at_currency', v.compare_at_currency, 'weight_g', v.weight_g,
            'prices', coalesce((
                SELECT jsonb_object_agg(c.currency, c.amount_minor) FROM price c
                WHERE c.variant_id = v.id), '{}')
        ) ORDER BY v.position) FROM variant v WHERE v.product_id = p.id AND v.removed_at IS NULL
    ), '[]') AS variants
FROM product p WHERE p.id = %(id)s
"""

SURROUNDINGS = """
SELECT s.slug AS seller_slug, s.name AS seller_name, s.status = 'active' AS seller_active,
    c.slug AS category_slug, c.name AS category_name,
    coalesce((
        SELECT jsonb_agg(jsonb_build_array(m.id, m.alt) ORDER BY m.position) FROM media m
        WHERE m.product_id = %(id)s
    ), '[]') AS media
FROM seller s, category c WHERE s.id = %(seller_id)s AND c.id = %(category_id)s
"""

INSERT = """
INSERT INTO product (id, seller_id, category_id, slug, external_id, title, description, status,
    options, attributes, rating_average_hundredths, rating_count, version, created_at, updated_at,
    published_at, document)
VALUES (%(id)s, %(seller_id)s, %(category_id)s, %(slug)s, %(external_id)s, %(title)s,
    %(description)s, %(status)s, %(lists)s::jsonb -> 'options', %(attributes)s,
    %(rating_average_hundredths)s, %(rating_count)s, %(version)s, %(created_at)s, %(updated_at)s,
    %(published_at)s, %(document)s)
ON CONFLICT (id) DO NOTHING
"""

UPDATE = """
UPDATE product SET category_id = %(category_id)s, slug = %(slug)s, external_id = %(external_id)s,
    title = %(title)s, description = %(description)s, status = %(status)s,
    options = %(lists)s::jsonb -> 'options', attributes = %(attributes)s,
    rating_average_hundredths = %(rating_average_hundredths)s, rating_count = %(rating_count)s,
    version = %(version)s, updated_at = %(updated_at)s, published_at = %(published_at)s,
    document = %(document)s
WHERE id = %(id)s
"""

PUT_VARIANTS = """
INSERT INTO variant (id, product_id, seller_id, position, sku, title, options, compare_at_minor,
    compare_at_currency, weight_g, removed_at)
SELECT v.id, %(id)s, %(seller_id)s, v.position, v.sku, v.title, v.options, v.compare_at_minor,
    v.compare_at_currency, v.weight_g, v.removed_at
FROM jsonb_to_recordset(%(lists)s::jsonb -> 'variants') AS v (id uuid, position integer, sku text,
    title text, options jsonb, compare_at_minor bigint, compare_at_currency text, weight_g integer,
    removed_at timestamptz)
ON CONFLICT (id) DO UPDATE SET sku = excluded.sku, title = excluded.title,
    options = excluded.options, compare_at_minor = excluded.compare_at_minor,
    compare_at_currency = excluded.compare_at_currency, weight_g = excluded.weight_g,
    removed_at = excluded.removed_at
"""

PUT_PRICES = """
INSERT INTO price AS old (variant_id, currency, amount_minor)
SELECT variant_id, currency, amount_minor FROM jsonb_to_recordset(%(lists)s::jsonb -> 'prices')
    AS c (variant_id uuid, currency text, amount_minor bigint)
ON CONFLICT (variant_id, currency) DO UPDATE SET amount_minor = excluded.amount_minor
WHERE old.amount_minor <> excluded.amount_minor
"""


def to_product(row: dict[str, Any]) -> Product:
    """Return the product of a row of LOAD."""
    fields = {
        **row,
        "options": [Option(each["name"], tuple(each["values"])) for each in row["options"]],
        "variants": [_to_variant(each) for each in row["variants"]],
    }
    return Product(**fields)


def _to_variant(row: dict[str, Any]) -> Variant:
    amount = row["compare_at_minor"]
    return Variant(
        id=UUID(row["id"]),
        position=row["position"],
        sku=row["sku"],
        title=row["title"],
        options=row["options"],
        prices=row["prices"],
        compare_at=None if amount is None else Price(amount, row["compare_at_currency"]),
        weight_g=row["weight_g"],
    )


def to_surroundings(row: dict[str, Any]) -> Surroundings:
    """Return what is shown with a product, of a row of SURROUNDINGS."""
    media = [(UUID(media_id), alt) for media_id, alt in row["media"]]
    return Surroundings(**{**row, "media": media})


def to_params(product: Product, document: bytes) -> dict[str, object]:
    """Return the parameters of INSERT, UPDATE, PUT_VARIANTS and PUT_PRICES."""
    return {
        "id": product.id,
        "seller_id": product.seller_id,
        "category_id": product.category_id,
        "slug": product.slug,
        "external_id": product.external_id,
        "title": product.title,
        "description": product.description,
        "status": product.status,
        "attributes": product.attributes,
        "rating_average_hundredths": product.rating_average_hundredths,
        "rating_count": product.rating_count,
        "version": product.version,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
        "published_at": product.published_at,
        "document": document,
        "lists": {
            "options": [{"name": o.name, "values": list(o.values)} for o in product.options],
            "variants": [_variant_params(variant) for variant in product.variants],
            "prices": [
                {"variant_id": variant.id, "currency": currency, "amount_minor": amount}
                for variant in product.variants
                for currency, amount in variant.prices.items()
            ],
        },
    }


def _variant_params(variant: Variant) -> dict[str, object]:
    price = variant.compare_at
    return {
        "id": variant.id,
        "position": variant.position,
        "sku": variant.sku,
        "title": variant.title,
        "options": variant.options,
        "compare_at_minor": None if price is None else price.amount_minor,
        "compare_at_currency": None if price is None else price.currency,
        "weight_g": variant.weight_g,
        "removed_at": variant.removed_at,
    }
