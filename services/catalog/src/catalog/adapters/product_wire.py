"""Products as they are encoded once, when they change, and then only copied.

A list's item is made of three pieces that the database concatenates: the summary, the field
``price_from`` of the list's currency and the field ``available``. Concatenated fields are one
message (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from catalog.domain.product import Product
from catalog.domain.variant import Variant
from chassis.ids import format_id
from soko.catalog.v1 import catalog_pb2
from soko.common.v1.money_pb2 import Money


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is shown with a product and belongs to others."""

    seller_slug: str
    seller_name: str
    seller_active: bool
    category_slug: str
    category_name: str
    media: Sequence[tuple[UUID, str]]
    """Id and alternative text, in the order to show."""


def document(product: Product, around: Surroundings) -> bytes:
    """Return a serialized soko.catalog.v1.Product without price and availability."""
    message = catalog_pb2.Product(
        id=format_id("prd", product.id),
        slug=product.slug,
        title=product.title,
        description=product.description,
        status=product.status,
        seller=_seller(product, around),
        category=catalog_pb2.Category(
            id=format_id("cat", product.category_id),
            name=around.category_name,
            slug=around.category_slug,
        ),
        options=[
            catalog_pb2.ProductOption(name=option.name, values=option.values)
            for option in product.options
        ],
        variants=[_variant(variant) for variant in product.live_variants],
        media=[_media(*media) for media in around.media],
        rating=_rating(product),
        created_at=_timestamp(product.created_at),
        updated_at=_timestamp(product.updated_at),
        version=product.version,
        external_id=product.external_id,
    )
    message.attributes.update(product.attributes)
    return message.SerializeToString(deterministic=True)


def summary(product: Product, around: Surroundings) -> bytes:
    """Return a serialized soko.catalog.v1.ProductSummary without price_from and available."""
    message = catalog_pb2.ProductSummary(
        id=format_id("prd", product.id),
        slug=product.slug,
        title=product.title,
        seller=_seller(product, around),
        rating=_rating(product),
    )
    if around.media:
        message.media.CopyFrom(_media(*around.media[0]))
    return message.SerializeToString(deterministic=True)


def lowest_prices(product: Product) -> dict[str, int]:
    """Return the lowest price of the variants per currency, in minor units."""
    lowest: dict[str, int] = {}
    for variant in product.live_variants:
        for currency, amount in variant.prices.items():
            lowest[currency] = min(amount, lowest.get(currency, amount))
    return lowest


def price_from(currency: str, amount_minor: int) -> bytes:
    """Return the field price_from of a serialized soko.catalog.v1.ProductSummary."""
    return catalog_pb2.ProductSummary(
        price_from=Money(amount_minor=amount_minor, currency=currency)
    ).SerializeToString()


def _variant(variant: Variant) -> catalog_pb2.Variant:
    message = catalog_pb2.Variant(
        id=format_id("var", variant.id),
        sku=variant.sku,
        title=variant.title,
        options=variant.options,
        prices=[
            Money(amount_minor=amount, currency=currency)
            for currency, amount in sorted(variant.prices.items())
        ],
        weight_g=variant.weight_g,
    )
    if variant.compare_at is not None:
        message.compare_at_price.amount_minor = variant.compare_at.amount_minor
        message.compare_at_price.currency = variant.compare_at.currency
    return message


def _seller(product: Product, around: Surroundings) -> catalog_pb2.ProductSeller:
    return catalog_pb2.ProductSeller(
        id=format_id("sel", product.seller_id), name=around.seller_name, slug=around.seller_slug
    )


def _media(media_id: UUID, alt: str) -> catalog_pb2.Media:
    return catalog_pb2.Media(id=format_id("med", media_id), alt=alt)


def _rating(product: Product) -> catalog_pb2.Rating:
    return catalog_pb2.Rating(
        average_hundredths=product.rating_average_hundredths, count=product.rating_count
    )


def _timestamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
