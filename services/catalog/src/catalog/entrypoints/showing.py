"""Views as messages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from catalog.app.list_products import ProductList
from catalog.app.ports import OfferedVariant, ProductView
from catalog.domain.category import Category
from catalog.domain.stock import Location, Stock
from chassis.ids import format_id
from soko.catalog.v1 import catalog_pb2, inventory_pb2
from soko.common.v1.money_pb2 import Money

_ITEMS = b"\x0a"
"""Tag of field items (1, length-delimited) of ListProductsResponse."""


def product(view: ProductView, currency: str) -> catalog_pb2.Product:
    """Return a product: its document with what is available now and prices in the currency."""
    message = catalog_pb2.Product.FromString(view.document)
    for variant, available in zip(message.variants, view.available, strict=True):
        variant.available = available
        for price in variant.prices:
            if price.currency == currency:
                variant.price.CopyFrom(price)
        if variant.compare_at_price.currency != currency:
            variant.ClearField("compare_at_price")
    return message


def product_list(found: ProductList) -> catalog_pb2.ListProductsResponse:
    """Return a page of products.

    The items are encoded already: they are framed and parsed in one go by the protobuf library,
    which costs a tenth of building them field by field.
    """
    message = catalog_pb2.ListProductsResponse.FromString(
        b"".join([_ITEMS + _varint(len(item)) + item for item in found.items])
    )
    message.next_cursor = found.next_cursor
    facets: dict[str, catalog_pb2.Facet] = {}
    for each in found.facets:
        facet = facets.setdefault(each.facet, catalog_pb2.Facet(name=each.facet))
        facet.values.add(value=each.value, label=each.label, count=each.count)
    message.facets.extend(facets.values())
    return message


def _varint(number: int) -> bytes:
    """Return a length below 2^21 as a base-128 varint."""
    if number < 128:
        return bytes((number,))
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
    return bytes((number & 127 | 128, number >> 7 & 127 | 128, number >> 14))


def cart_variant(variant: OfferedVariant) -> catalog_pb2.CartVariant:
    """Return a variant as a cart must know it."""
    return catalog_pb2.CartVariant(
        variant_id=format_id("var", variant.id),
        product_id=format_id("prd", variant.product_id),
        seller_id=format_id("sel", variant.seller_id),
        seller_name=variant.seller_name,
        title=variant.title,
        sku=variant.sku,
        category_id=format_id("cat", variant.category_id),
        prices=[
            Money(amount_minor=amount, currency=currency)
            for currency, amount in variant.prices.items()
        ],
        available=variant.available,
        for_sale=variant.for_sale,
    )


def category(one: Category) -> catalog_pb2.Category:
    """Return a category without children."""
    return catalog_pb2.Category(id=format_id("cat", one.id), name=one.name, slug=one.slug)


def category_tree(categories: Sequence[Category]) -> list[catalog_pb2.Category]:
    """Return the top categories with all below them, in the given order."""
    children: dict[UUID | None, list[Category]] = {}
    for one in categories:
        children.setdefault(one.parent_id, []).append(one)

    def branch(one: Category) -> catalog_pb2.Category:
        message = category(one)
        message.children.extend(branch(child) for child in children.get(one.id, ()))
        return message

    return [branch(one) for one in children.get(None, ())]


def location(one: Location) -> inventory_pb2.Location:
    """Return a location."""
    return inventory_pb2.Location(
        id=format_id("loc", one.id), name=one.name, country=one.country, is_default=one.is_default
    )


def stock(one: Stock) -> inventory_pb2.Stock:
    """Return stock of a variant at a location."""
    return inventory_pb2.Stock(
        variant_id=format_id("var", one.variant_id),
        location_id=format_id("loc", one.location_id),
        on_hand=one.on_hand,
        reserved=one.reserved,
        available=one.available,
        version=one.version,
    )
