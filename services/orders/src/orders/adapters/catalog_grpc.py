"""Catalog: variants for carts, stock for orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis import context as request_context
from chassis.batching import Batcher
from chassis.context import RequestContext, current_traceparent
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.logs import get_logger
from orders.app.ports import StockMove
from orders.domain.order import Order
from orders.domain.outcomes import Refused, Reserved, ReserveOutcome, Unknown
from orders.domain.variant import Variant
from orders.protobuf_time import timestamp
from soko.catalog.v1 import catalog_pb2, inventory_pb2
from soko.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from soko.catalog.v1.inventory_pb2_grpc import InventoryServiceStub
from soko.common.v1.money_pb2 import Money

FINAL_KINDS = frozenset({"conflict", "invalid", "malformed", "not_found", "payment_required"})
"""Kinds of error that are an answer: the peer looked at it and said no."""

_log = get_logger(__name__)
_REFUSED = Refused("conflict", "not_for_sale", "Some of it is not for sale any more.")
_COMMIT_TIMEOUT_S = 5.0
_SHIP_TIMEOUT_S = 5.0
_MAX_IDS = 200
"""How many variants catalog answers for at once."""
_MAX_QUESTIONS = 32


class CatalogVariants:
    """Variants over gRPC."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = CatalogServiceStub(peer.channel)
        self._questions: Batcher[Sequence[str], Mapping[str, Variant]] = Batcher(
            self._find_all, max_items=_MAX_QUESTIONS
        )

    async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
        """Return the variants that exist; raises ServiceError when catalog does not answer."""
        found = await self._questions.submit(variant_ids)
        return {each: found[each] for each in variant_ids if each in found}

    async def _find_all(
        self, questions: Sequence[Sequence[str]]
    ) -> Sequence[Mapping[str, Variant]]:
        """Ask once for all who ask at this moment, as nobody's request in particular."""
        token = request_context.enter(RequestContext(traceparent=current_traceparent()))
        try:
            wanted = list({variant_id for question in questions for variant_id in question})
            chunks = [wanted[at : at + _MAX_IDS] for at in range(0, len(wanted), _MAX_IDS)]
            found: dict[str, Variant] = {}
            for chunk in chunks:
                request = catalog_pb2.GetVariantsRequest(variant_ids=chunk)
                answer = await self._peer.call(self._stub.GetVariants, request, retry=True)
                found.update((each.variant_id, _variant(each)) for each in answer.variants)
            return [found] * len(questions)
        finally:
            request_context.leave(token)


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


class CatalogParcels:
    """Inventory over gRPC, as far as parcels move it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._stub = InventoryServiceStub(peer.channel)

    async def move(self, move: StockMove) -> bool:
        """Take a parcel's units off the shelf or put them back; return False until it is done."""
        try:
            if move.step == "shipping":
                lines = [
                    inventory_pb2.ShippedLine(line_id=line_id, quantity=quantity)
                    for line_id, quantity in move.units.items()
                ]
                parcel = inventory_pb2.ShipRequest(
                    shipment_id=move.shipment_id, order_id=move.order_id, lines=lines
                )
                await self._peer.call(self._stub.Ship, parcel, timeout_s=_SHIP_TIMEOUT_S)
            else:
                back = inventory_pb2.TakeBackRequest(shipment_id=move.shipment_id)
                await self._peer.call(self._stub.TakeBack, back, timeout_s=_SHIP_TIMEOUT_S)
        except ServiceError as error:
            if error.kind in FINAL_KINDS:
                _log.error("parcel_stock_refused", shipment_id=move.shipment_id, error=str(error))
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
