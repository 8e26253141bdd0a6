"""Products, categories, stock and pictures."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict

from gateway.rendering.values import Document, money, time
from soko.catalog.v1 import catalog_pb2, inventory_pb2

_EXACT = 2**53
RENDITIONS = ("thumb", "card", "full")


def media(value: catalog_pb2.Media) -> Document:
    """Return a picture with the addresses of its renditions."""
    base = f"/v1/media/{value.id}/"
    return {
        "id": value.id,
        "alt": value.alt,
        "renditions": {"thumb": base + "thumb", "card": base + "card", "full": base + "full"},
    }


def _rating(value: catalog_pb2.Rating) -> Document:
    return {"average": value.average_hundredths / 100, "count": value.count}


def _seller(value: catalog_pb2.ProductSeller) -> Document:
    return {"id": value.id, "name": value.name, "slug": value.slug}


def _attributes(value: catalog_pb2.Product) -> dict[str, Any]:
    if not value.HasField("attributes"):
        return {}
    found = MessageToDict(value.attributes)
    return {name: _whole(member) for name, member in found.items()}


def _whole(value: Any) -> Any:
    """Return whole numbers as integers again: a protobuf Struct keeps every number as a double."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, list):
        return [_whole(member) for member in value]
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    return value


def variant(value: catalog_pb2.Variant) -> Document:
    """Return a variant."""
    document: Document = {
        "id": value.id,
        "sku": value.sku,
        "title": value.title,
        "options": dict(value.options),
        "price": money(value.price) if value.HasField("price") else None,
        "prices": [money(price) for price in value.prices],
        "available": value.available,
    }
    if value.HasField("compare_at_price"):
        document["compare_at_price"] = money(value.compare_at_price)
    if value.HasField("weight_g"):
        document["weight_g"] = value.weight_g
    return document


def product(value: catalog_pb2.Product) -> Document:
    """Return a product."""
    document: Document = {
        "id": value.id,
        "slug": value.slug,
        "title": value.title,
        "description": value.description,
        "status": value.status,
        "seller": _seller(value.seller),
        "category": {
            "id": value.category.id,
            "name": value.category.name,
            "slug": value.category.slug,
        },
        "options": [
            {"name": option.name, "values": list(option.values)} for option in value.options
        ],
        "variants": [variant(each) for each in value.variants],
        "media": [media(each) for each in value.media],
        "attributes": _attributes(value),
        "rating": _rating(value.rating),
        "created_at": time(value.created_at),
        "updated_at": time(value.updated_at),
        "version": value.version,
    }
    if value.external_id:
        document["external_id"] = value.external_id
    return document


def product_summary(value: catalog_pb2.ProductSummary) -> orjson.Fragment:
    """Return a product as a list shows it, rendered.

    A page has twenty of these, and most are on many pages: equal ones are rendered once.
    """
    return orjson.Fragment(_rendered_summary(value.SerializeToString()))


@lru_cache(maxsize=4096)
def _rendered_summary(wire: bytes) -> bytes:
    return orjson.dumps(_summary(catalog_pb2.ProductSummary.FromString(wire)))


def _summary(value: catalog_pb2.ProductSummary) -> Document:
    # Each member of a message is read once, because each reading makes an object anew.
    seller, price, picture, rating = value.seller, value.price_from, value.media, value.rating
    currency, picture_id = price.currency, picture.id
    base = f"/v1/media/{picture_id}/"
    return {
        "id": value.id,
        "slug": value.slug,
        "title": value.title,
        "seller": {"id": seller.id, "name": seller.name, "slug": seller.slug},
        "price_from": {"amount_minor": price.amount_minor, "currency": currency}
        if currency
        else None,
        "media": {
            "id": picture_id,
            "alt": picture.alt,
            "renditions": {"thumb": base + "thumb", "card": base + "card", "full": base + "full"},
        }
        if picture_id
        else None,
        "rating": {"average": rating.average_hundredths / 100, "count": rating.count},
        "available": value.available,
    }


def facet(value: catalog_pb2.Facet) -> list[Document]:
    """Return the values of a facet with their counts."""
    return [
        {"value": each.value, "label": each.label, "count": each.count} for each in value.values
    ]


def category(value: catalog_pb2.Category) -> Document:
    """Return a category with its subcategories."""
    return {
        "id": value.id,
        "name": value.name,
        "slug": value.slug,
        "children": [category(child) for child in value.children],
    }


def stock(value: inventory_pb2.Stock) -> Document:
    """Return the stock of a variant at a location."""
    return {
        "variant_id": value.variant_id,
        "location_id": value.location_id,
        "on_hand": value.on_hand,
        "reserved": value.reserved,
        "available": value.available,
        "version": value.version,
    }


def location(value: inventory_pb2.Location) -> Document:
    """Return a place that holds stock."""
    return {
        "id": value.id,
        "name": value.name,
        "country": value.country,
        "is_default": value.is_default,
    }
