"""The outbox read as history: it keeps what was told for the time of its retention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from chassis.database import Statements
from chassis.ids import format_id
from orders.app.ports import Told
from soko.events.v1 import orders_pb2 as events

_OF_ORDER = """
SELECT id, name, payload, traceparent, occurred_at FROM outbox
WHERE aggregate_id = %(order_id)s ORDER BY sequence
"""

_MESSAGES: Final[Mapping[str, Callable[[], Any]]] = {
    "order_placed": events.OrderPlaced,
    "order_awaiting_payment": events.OrderAwaitingPayment,
    "order_confirmed": events.OrderConfirmed,
    "order_cancelled": events.OrderCancelled,
    "order_payment_changed": events.OrderPaymentChanged,
    "shipment_created": events.ShipmentCreated,
    "shipment_status_changed": events.ShipmentStatusChanged,
    "order_delivered": events.OrderDelivered,
    "order_items_cancelled": events.OrderItemsCancelled,
}


class PostgresToldEvents:
    """ToldEvents on the outbox; one look at its unique index."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def of_order(self, order_id: str) -> Sequence[Told]:
        """Return an order's events, oldest first."""
        rows = await self._db.fetch_all(_OF_ORDER, {"order_id": order_id})
        return [_told(row) for row in rows]


def _told(row: Mapping[str, Any]) -> Told:
    name = row["name"]
    message = _MESSAGES[name]()
    message.ParseFromString(row["payload"])
    kind, status, detail = _parcel(message) or ("event", _status(name, message.order), {})
    return Told(
        at=row["occurred_at"],
        kind=kind,
        name=name,
        status=status,
        detail={**detail, "event_id": format_id("evt", row["id"])},
        trace_id=row["traceparent"][3:35],
    )


def _status(name: str, order: events.OrderState) -> str:
    return order.payment_status if name == "order_payment_changed" else order.status


def _parcel(message: Any) -> tuple[str, str, dict[str, str]] | None:
    """Return what an event tells of a seller's parcels; None if it is about something else."""
    if isinstance(message, events.OrderDelivered):
        parts = {"seller_id": message.seller_id, "seller_order_id": message.seller_order_id}
        return "shipment", "delivered", parts
    if isinstance(message, events.OrderItemsCancelled):
        part = {name: getattr(message, name) for name in ("seller_id", "seller_order_id")}
        return "shipment", "cancelled", {**part, "reason": message.reason}
    if isinstance(message, events.ShipmentCreated | events.ShipmentStatusChanged):
        parcel = message.shipment
        names = ("shipment_id", "seller_id", "carrier", "tracking_number")
        return "shipment", parcel.status, {name: getattr(parcel, name) for name in names}
    return None
