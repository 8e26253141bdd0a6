"""Parcels' events as the messages of their contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from google.protobuf.message import Message

from chassis.outbox import OutgoingEvent
from orders.adapters.event_messages import order_state
from orders.domain.cancellation import CancellationEvent, CancellationMove
from orders.domain.fulfilment import FulfilmentEvent, FulfilmentMove
from orders.domain.order import Cancellation, Order
from orders.domain.shipment import Shipment
from orders.protobuf_time import timestamp
from soko.events.v1 import orders_pb2 as events


def outgoing(name: FulfilmentEvent, move: FulfilmentMove) -> OutgoingEvent:
    """Return the event that tells of a parcel; its aggregate is the order."""
    shipment = move.shipment
    message: Message
    if name == "order_delivered":
        message = _delivered(shipment, move.occurred_at)
    elif name == "shipment_created":
        message = events.ShipmentCreated(shipment=_state(move), order=order_state(move.after))
    else:
        message = events.ShipmentStatusChanged(
            shipment=_state(move),
            order=order_state(move.after),
            occurred_at=timestamp(move.occurred_at),
        )
    return OutgoingEvent(name, move.after.id, message)


def outgoing_cancellation(name: CancellationEvent, move: CancellationMove) -> OutgoingEvent:
    """Return the event that tells of units that a seller cancelled."""
    cancelled = move.cancellation
    message: Message
    if name == "order_delivered":
        message = _delivered(cancelled, cancelled.created_at)
    else:
        message = events.OrderItemsCancelled(
            order=order_state(move.after),
            seller_order_id=cancelled.seller_order_id,
            seller_id=cancelled.seller_id,
            lines=_lines(move.after, cancelled.units),
            reason=cancelled.reason,
        )
    return OutgoingEvent(name, move.after.id, message)


def _delivered(of: Shipment | Cancellation, at: datetime) -> events.OrderDelivered:
    return events.OrderDelivered(
        order_id=of.order_id,
        seller_order_id=of.seller_order_id,
        seller_id=of.seller_id,
        delivered_at=timestamp(at),
    )


def _lines(order: Order, units: Mapping[str, int]) -> list[events.ShipmentLine]:
    variants = {line.id: line.variant_id for line in order.lines}
    return [
        events.ShipmentLine(order_line_id=line_id, variant_id=variants[line_id], quantity=quantity)
        for line_id, quantity in units.items()
    ]


def _state(move: FulfilmentMove) -> events.ShipmentState:
    shipment = move.shipment
    return events.ShipmentState(
        shipment_id=shipment.id,
        order_id=shipment.order_id,
        seller_order_id=shipment.seller_order_id,
        seller_id=shipment.seller_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.status,
        lines=_lines(move.after, shipment.units),
    )
