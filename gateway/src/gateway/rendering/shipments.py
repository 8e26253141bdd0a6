"""Parcels."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.rendering.values import Document, time
from soko.orders.v1 import fulfilment_pb2


def shipment(value: fulfilment_pb2.Shipment) -> Document:
    """Return a parcel."""
    return {
        "id": value.id,
        "order_id": value.order_id,
        "seller_order_id": value.seller_order_id,
        "carrier": value.carrier,
        "tracking_number": value.tracking_number or None,
        "status": value.status,
        "items": [{"item_id": each.item_id, "quantity": each.quantity} for each in value.items],
        "events": [_event(each) for each in value.events],
    }


def _event(value: fulfilment_pb2.ShipmentEvent) -> Document:
    document: Document = {"status": value.status, "occurred_at": time(value.occurred_at)}
    if value.location:
        document["location"] = value.location
    return document


def given_time(text: str | None) -> Timestamp | None:
    """Return a client's point in time as services get it, None without one."""
    if text is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(datetime.fromisoformat(text).astimezone(UTC))
    return stamp
