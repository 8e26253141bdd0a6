"""Parcels' events as the messages of their contract."""

from __future__ import annotations

from google.protobuf.message import Message

from chassis.outbox import OutgoingEvent
from orders.adapters.event_messages import order_state
from orders.domain.fulfilment import FulfilmentEvent, FulfilmentMove
from orders.protobuf_time import timestamp
from soko.events.v1 import orders_pb2 as events


def outgoing(name: FulfilmentEvent, move: FulfilmentMove) -> OutgoingEvent:
    """Return the event that tells of a parcel; its aggregate is the order."""
    shipment = move.shipment
    message: Message
    if name == "order_delivered":
        message = events.OrderDelivered(
            order_id=shipment.order_id,
            seller_order_id=shipment.seller_order_id,
            seller_id=shipment.seller_id,
            delivered_at=timestamp(move.occurred_at),
        )
    elif name == "shipment_created":
        message = events.ShipmentCreated(shipment=_state(move), order=order_state(move.after))
    else:
        message = events.ShipmentStatusChanged(
            shipment=_state(move),
            order=order_state(move.after),
            occurred_at=timestamp(move.occurred_at),
        )
    return OutgoingEvent(name, move.after.id, message)


def _state(move: FulfilmentMove) -> events.ShipmentState:
    shipment = move.shipment
    variants = {line.id: line.variant_id for line in move.after.lines}
    return events.ShipmentState(
        shipment_id=shipment.id,
        order_id=shipment.order_id,
        seller_order_id=shipment.seller_order_id,
        seller_id=shipment.seller_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        status=shipment.status,
        lines=[
            events.ShipmentLine(order_line_id=line_id, variant_id=variants[line_id], quantity=units)
            for line_id, units in shipment.units.items()
        ],
    )
