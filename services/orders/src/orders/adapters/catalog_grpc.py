"""Catalog: variants for carts, stock for orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from orders.adapters.event_messages import timestamp
from orders.domain.order import Order
from orders.domain.outcomes import Refused, Reserved, ReserveOutcome, Unknown
from orders.domain.variant import Variant
from soko.catalog.v1 import catalog_pb2, inventory_pb2
from soko.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from soko.catalog.v1.inventory_pb2_grpc import InventoryServiceStub
from soko.common.v1.money_pb2 import Money

FINAL_KINDS = frozenset({"conflict", "invalid", "malformed", "not_found", "payment_required"})
"""Kinds of error that are an answer: the peer looked at it and said no."""

_REFUSED = Refused("conflict", "not_for_sale", "Some of it is not for sale any more.")
_COMMIT_TIMEOUT_S = 5.0


class CatalogVariants:
    """Variants over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = CatalogServiceStub(peer.channel)

    async def find(self, variant_ids: Sequence[str], currency: str = "") -> Mapping[str, Variant]:
        """Return the variants that exist; raises ServiceError when catalog does not answer."""
        request = catalog_pb2.GetVariantsRequest(variant_ids=variant_ids, currency=currency)
        answer = await self._peer.call(self._stub.GetVariants, request, retry=True)
        return {variant.variant_id: _variant(variant) for variant in answer.variants}


class CatalogInventory:
    """Inventory over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = InventoryServiceStub(peer.channel)

    async def reserve(self, order: Order, until: datetime, timeout_s: float) -> ReserveOutcome:
        """Hold the stock of an order, all lines or none."""
        request = inventory_pb2.ReserveRequest(
            order_id=order.id,
            lines=[
                inventory_pb2.ReserveLine(
                    line_id=line.id,
                    variant_id=line.variant_id,
                    quantity=line.quantity,
                    unit_price=Money(amount_minor=line.unit_price_minor, currency=order.currency),
                )
                for line in order.lines
            ],
            expires_at=timestamp(until),
        )
        try:
            await self._peer.call(self._stub.Reserve, request, timeout_s=timeout_s, retry=True)
        except ServiceError as error:
            return _refused(error) if error.kind in FINAL_KINDS else Unknown(error.code)
        return Reserved()

    async def commit(self, order_ids: Sequence[str]) -> frozenset[str] | None:
        """Allocate the held stock; return the orders without a hold, or None when unknown."""
        request = inventory_pb2.CommitRequest(order_ids=order_ids)
        try:
            answer = await self._peer.call(
                self._stub.Commit, request, timeout_s=_COMMIT_TIMEOUT_S, retry=True
            )
        except ServiceError:
            return None
        return frozenset(answer.missing_order_ids)

    async def release(self, order_id: str, reason: str, timeout_s: float) -> bool:
        """Give back stock for good; return False when it is unknown whether it happened."""
        request = inventory_pb2.ReleaseRequest(order_ids=[order_id], reason=reason)
        try:
            await self._peer.call(self._stub.Release, request, timeout_s=timeout_s, retry=True)
        except ServiceError:
            return False
        return True


def _refused(error: ServiceError) -> Refused:
    """A variant that catalog does not know at all is simply not for sale."""
    if error.kind != "conflict":
        return _REFUSED
    return Refused(error.kind, error.code, error.detail, error.extra)


def _variant(message: catalog_pb2.CartVariant) -> Variant:
    return Variant(
        id=message.variant_id,
        product_id=message.product_id,
        seller_id=message.seller_id,
        seller_name=message.seller_name,
        category_id=message.category_id,
        title=message.title,
        sku=message.sku,
        prices={price.currency: price.amount_minor for price in message.prices},
        available=message.available,
        for_sale=message.for_sale,
    )
