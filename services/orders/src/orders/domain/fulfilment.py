"""Shipping sellers' parts of an order, and what becomes of part and order by it.

Pure: a move says what the order was and what it is to be, and its store accepts it only while the
order still is what it was. Parcels, cancellations and payments therefore exclude each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from orders.domain import shipment as parcels
from orders.domain import statuses
from orders.domain.errors import ItemUnknown, OrderNotShippable, QuantityNotShippable
from orders.domain.order import Order, OrderLine, SellerOrder
from orders.domain.shipment import Shipment, ShipmentEvent
from orders.domain.statuses import move_fulfilment, move_order

FulfilmentEvent = Literal["shipment_created", "shipment_status_changed", "order_delivered"]

PAID: Final = frozenset({"none", "captured", "partially_refunded"})
"""Payment statuses of settled orders that may ship and complete; none is cash on delivery."""

_GONE: Final = frozenset({"shipped", "delivered"})


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is to be shipped; units by line id."""

    shipment_id: str
    seller_order_id: str
    carrier: str
    tracking_number: str
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FulfilmentMove:
    """A parcel's step, what the order becomes by it, and what is told of it."""

    before: Order
    after: Order
    shipment: Shipment
    occurred_at: datetime
    told: tuple[FulfilmentEvent, ...]

    @property
    def part(self) -> SellerOrder:
        """The seller's part that the parcel belongs to, as it is to be."""
        return part_of(self.after, self.shipment.seller_order_id)


def ship(order: Order, parcel: Parcel, now: datetime) -> FulfilmentMove:
    """Ship units of a seller's part.

    Raises OrderNotShippable, ItemUnknown, and QuantityNotShippable for units that the part does
    not have or that other parcels took. Units that came back are not shipped again.
    """
    part = part_of(order, parcel.seller_order_id)
    if part.status != statuses.CONFIRMED or part.fulfilment_status == "returned":
        raise OrderNotShippable(
            status=part.status,
            fulfilment_status=part.fulfilment_status,
            cancel_reason=order.cancel_reason,
        )
    _require_units(order, parcel)
    shipment = Shipment(
        id=parcel.shipment_id,
        order_id=order.id,
        seller_order_id=part.id,
        seller_id=part.seller_id,
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        status=parcels.CREATED,
        units=dict(parcel.units),
        events=(ShipmentEvent(parcels.CREATED, now),),
        created_at=now,
        updated_at=now,
    )
    after = _with(order, shipment, now)
    return FulfilmentMove(order, after, shipment, now, ("shipment_created",))


def hear(
    order: Order, shipment_id: str, event: ShipmentEvent, now: datetime
) -> FulfilmentMove | None:
    """Take in what happened to a parcel; None if it was heard before.

    A status that lies behind the parcel's is logged and changes nothing else. Raises
    TooManyShipmentEvents.
    """
    shipment = order.shipment(shipment_id)
    if shipment is None or shipment.knows(event):
        return None
    heard = shipment.heard(event, now)
    after = _with(order, heard, now)
    told: list[FulfilmentEvent] = []
    if heard.status != shipment.status:
        told.append("shipment_status_changed")
    was, is_now = (part_of(each, shipment.seller_order_id) for each in (order, after))
    if is_now.fulfilment_status == "delivered" != was.fulfilment_status:
        told.append("order_delivered")
    return FulfilmentMove(order, after, heard, event.occurred_at, tuple(told))


def fulfilment_of(lines: Sequence[OrderLine], shipments: Sequence[Shipment]) -> str:
    """Return the fulfilment status of a seller's part from its lines and parcels."""
    if not shipments:
        return "unfulfilled"
    states = {shipment.status for shipment in shipments}
    if states == {parcels.RETURNED}:
        return "returned"
    if any(line.quantity > _shipped(line.id, shipments) for line in lines):
        return "partially_shipped"
    return "delivered" if states <= {parcels.DELIVERED, parcels.RETURNED} else "shipped"


def overall_fulfilment(parts: Sequence[SellerOrder]) -> str:
    """Return an order's status from its parts, but for those that were cancelled or came back."""
    live = [part.fulfilment_status for part in parts if part.status != statuses.CANCELLED]
    states = {status for status in live if status != "returned"} or {"returned"}
    if len(states) == 1:
        return states.pop()
    return "shipped" if states <= _GONE else "partially_shipped"


def shippable(order: Order, part_id: str) -> dict[str, int]:
    """Return how many units of each line of a part have neither shipped nor been cancelled."""
    return {
        line.id: line.quantity - order.cancelled_units(line.id) - _shipped(line.id, order.shipments)
        for line in order.lines
        if line.seller_order_id == part_id
    }


def part_of(order: Order, part_id: str) -> SellerOrder:
    """Return a seller's part of an order."""
    return next(part for part in order.seller_orders if part.id == part_id)


def followed(order: Order, part_id: str, now: datetime) -> Order:
    """Return the order with what a part and the whole become by its parcels and cancellations."""
    parts = tuple(
        _moved(order, part) if part.id == part_id else part for part in order.seller_orders
    )
    live = [part for part in parts if part.status != statuses.CANCELLED]
    status = order.status
    if (
        status == statuses.CONFIRMED
        and live
        and all(part.status == statuses.COMPLETED for part in live)
    ):
        status = move_order(status, statuses.COMPLETED)
    return order.changed(
        now,
        status=status,
        fulfilment_status=overall_fulfilment(parts),
        seller_orders=parts,
    )


def _require_units(order: Order, parcel: Parcel) -> None:
    left = shippable(order, parcel.seller_order_id)
    unknown = [line_id for line_id in parcel.units if line_id not in left]
    if unknown:
        raise ItemUnknown(item_id=unknown[0])
    short = [
        {"item_id": line_id, "requested": wanted, "shippable": left[line_id]}
        for line_id, wanted in parcel.units.items()
        if wanted > left[line_id]
    ]
    if short:
        raise QuantityNotShippable(lines=short)


def _shipped(line_id: str, shipments: Sequence[Shipment]) -> int:
    return sum(shipment.units.get(line_id, 0) for shipment in shipments)


def _with(order: Order, shipment: Shipment, now: datetime) -> Order:
    """Return the order with a new or changed parcel, and with what part and order become by it."""
    others = tuple(each for each in order.shipments if each.id != shipment.id)
    position = next((n for n, each in enumerate(order.shipments) if each.id == shipment.id), None)
    at = len(others) if position is None else position
    shipments = (*others[:at], shipment, *others[at:])
    return followed(replace(order, shipments=shipments), shipment.seller_order_id, now)


def _moved(order: Order, part: SellerOrder) -> SellerOrder:
    wanted = [
        replace(line, quantity=line.quantity - order.cancelled_units(line.id))
        for line in order.lines
        if line.seller_order_id == part.id
    ]
    if not any(line.quantity for line in wanted):
        return replace(part, status=move_order(part.status, statuses.CANCELLED))
    shipments = [each for each in order.shipments if each.seller_order_id == part.id]
    fulfilment = fulfilment_of(wanted, shipments)
    if fulfilment != part.fulfilment_status:
        move_fulfilment(part.fulfilment_status, fulfilment)
    status = part.status
    if status == statuses.CONFIRMED and fulfilment == "delivered" and order.payment_status in PAID:
        status = move_order(status, statuses.COMPLETED)
    return replace(part, status=status, fulfilment_status=fulfilment)
