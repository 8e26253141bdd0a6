"""Parcels as rows: TypeIDs become UUIDs on the way in and TypeIDs again on the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.ids import format_id, parse_id
from orders.app.ports import CarrierUpdate, ShipmentRef, StockMove
from orders.domain.order import Cancellation
from orders.domain.shipment import CANCELLED, Shipment, ShipmentEvent

Row = Mapping[str, Any]


def shipment_of(row: Row) -> Shipment:
    """Return a parcel of a row that came as JSON."""
    return Shipment(
        id=typeid_of("shp", row["id"]),
        order_id=typeid_of("ord", row["order_id"]),
        seller_order_id=typeid_of("sor", row["seller_order_id"]),
        seller_id=typeid_of("sel", row["seller_id"]),
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        status=row["status"],
        units=units_of(row["items"]),
        events=tuple(
            ShipmentEvent(
                each["status"],
                datetime.fromisoformat(each["occurred_at"]),
                each["location"],
                each["source"],
            )
            for each in row["events"]
        ),
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
    )


def cancellation_of(row: Row) -> Cancellation:
    """Return cancelled units of a row that came as JSON."""
    return Cancellation(
        id=typeid_of("shp", row["id"]),
        order_id=typeid_of("ord", row["order_id"]),
        seller_order_id=typeid_of("sor", row["seller_order_id"]),
        seller_id=typeid_of("sel", row["seller_id"]),
        units=units_of(row["items"]),
        reason=row["reason"],
        restock=row["restock"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def parcel_record(shipment: Shipment) -> dict[str, object]:
    """Return a parcel as the saving statement takes it."""
    return {
        **_taking(shipment),
        "carrier": shipment.carrier,
        "tracking_number": shipment.tracking_number,
        "shipment_status": shipment.status,
        "log": json_text(event_records(shipment.events)),
        "reason": "",
        "restock": False,
    }


def cancellation_record(cancellation: Cancellation) -> dict[str, object]:
    """Return cancelled units as the saving statement takes them: as a parcel that never leaves."""
    return {
        **_taking(cancellation),
        "carrier": "",
        "tracking_number": "",
        "shipment_status": CANCELLED,
        "log": "[]",
        "reason": cancellation.reason,
        "restock": cancellation.restock,
    }


def _taking(units: Shipment | Cancellation) -> dict[str, object]:
    return {
        "id": parse_id("shp", units.id),
        "seller_order_id": parse_id("sor", units.seller_order_id),
        "seller_id": parse_id("sel", units.seller_id),
        "items": json_text(item_records(units.units)),
        "created_at": units.created_at,
    }


def json_text(value: object) -> str:
    """Return a value as JSON, for a parameter that the statement casts."""
    return orjson.dumps(value).decode()


def item_records(units: Mapping[str, int]) -> list[dict[str, object]]:
    """Return units per line as they are stored."""
    return [
        {"line_id": parse_id("item", line_id), "quantity": quantity}
        for line_id, quantity in units.items()
    ]


def units_of(items: Sequence[Row]) -> dict[str, int]:
    """Return stored units by line id."""
    return {typeid_of("item", each["line_id"]): each["quantity"] for each in items}


def event_records(events: Sequence[ShipmentEvent]) -> list[dict[str, object]]:
    """Return a parcel's log as it is stored."""
    return [
        {
            "status": event.status,
            "occurred_at": event.occurred_at,
            "location": event.location,
            "source": event.source,
        }
        for event in events
    ]


def ref_of(row: Row) -> ShipmentRef:
    """Return whose parcel a row tells of."""
    return ShipmentRef(
        format_id("shp", row["id"]),
        format_id("ord", row["order_id"]),
        format_id("sel", row["seller_id"]),
    )


def stock_move_of(row: Row) -> StockMove:
    """Return what catalog is to be told."""
    return StockMove(
        shipment_id=format_id("shp", row["id"]),
        order_id=format_id("ord", row["order_id"]),
        step=row["stock_step"],
        units=units_of(row["items"]),
        attempts=row["attempts"],
        refunds=row["refunds"],
        reason=row["reason"],
    )


def update_of(row: Row) -> CarrierUpdate:
    """Return what a carrier told."""
    return CarrierUpdate(
        event_id=row["event_id"],
        carrier=row["carrier"],
        tracking_number=row["tracking_number"],
        status=row["status"],
        occurred_at=row["occurred_at"],
        location=row["location"],
    )


def typeid_of(prefix: str, uuid_text: str) -> str:
    """Return the TypeID of a UUID that came inside JSON."""
    return format_id(prefix, UUID(uuid_text))
