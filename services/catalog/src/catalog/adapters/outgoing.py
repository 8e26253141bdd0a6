"""The catalog's events as messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from catalog.domain.events import ProductArchived, ProductEvent, ProductPublished
from catalog.domain.product import Product
from chassis.ids import format_id, new_id
from chassis.outbox import OutgoingEvent
from soko.events.v1 import catalog_pb2


def product_event(product: Product, event: ProductEvent) -> OutgoingEvent:
    """Return the event of a product."""
    product_id = format_id("prd", product.id)
    state = catalog_pb2.ProductState(
        product_id=product_id,
        slug=product.slug,
        seller_id=format_id("sel", product.seller_id),
        category_id=format_id("cat", product.category_id),
        status=product.status,
        version=product.version,
    )
    if isinstance(event, ProductPublished):
        published = catalog_pb2.ProductPublished(product=state)
        return OutgoingEvent("product_published", product_id, published)
    if isinstance(event, ProductArchived):
        archived = catalog_pb2.ProductArchived(product=state)
        return OutgoingEvent("product_archived", product_id, archived)
    return OutgoingEvent("product_updated", product_id, catalog_pb2.ProductUpdated(product=state))


def reserved_tail(expires_at: datetime) -> str:
    """Return the field expires_at of a serialized StockReserved, in hexadecimal digits.

    The fields before it are put together in the database, where the lines' locations are chosen.
    """
    stamp = Timestamp()
    stamp.FromDatetime(expires_at)
    return catalog_pb2.StockReserved(expires_at=stamp).SerializeToString().hex()


@dataclass(frozen=True, slots=True)
class OrderEvents:
    """One event for each of some orders; the database appends those that happened."""

    refs: list[str]
    ids: list[UUID]
    payloads: list[bytes]


def committed(order_ids: Sequence[UUID]) -> OrderEvents:
    """Return stock_committed for each order."""
    refs = [format_id("ord", order_id) for order_id in order_ids]
    payloads = [catalog_pb2.StockCommitted(order_id=ref).SerializeToString() for ref in refs]
    return OrderEvents(refs, [new_id() for _ in refs], payloads)


def released(order_ids: Sequence[UUID], reason: str) -> OrderEvents:
    """Return stock_released for each order."""
    refs = [format_id("ord", order_id) for order_id in order_ids]
    payloads = [
        catalog_pb2.StockReleased(order_id=ref, reason=reason).SerializeToString() for ref in refs
    ]
    return OrderEvents(refs, [new_id() for _ in refs], payloads)


def stock_changed(variant_ref: str, product_ref: str, available: int) -> bytes:
    """Return a serialized StockChanged."""
    return catalog_pb2.StockChanged(
        variant_id=variant_ref, product_id=product_ref, available=available
    ).SerializeToString()
