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
    state = message.order
    return Told(
        at=row["occurred_at"],
        kind="event",
        name=name,
        status=state.payment_status if name == "order_payment_changed" else state.status,
        detail={"event_id": format_id("evt", row["id"])},
        trace_id=row["traceparent"][3:35],
    )
