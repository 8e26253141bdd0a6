"""A payment's past, from its rows and from what the outbox still keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from chassis.database import Statements
from chassis.ids import format_id
from payments.app.payment_history import Told

_OF_ORDER = """
WITH paid AS (
    SELECT id, provider, currency, amount_minor FROM payment
    WHERE order_id = %(order_id)s AND provider <> ''
)
SELECT a.created_at AS at, 'attempt' AS name, a.status, a.code AS reason, a.id, a.payment_id,
    paid.provider, paid.amount_minor, paid.currency
FROM paid JOIN attempt a ON a.payment_id = paid.id
UNION ALL
SELECT r.created_at, 'refund', r.status, r.reason, r.id, r.payment_id, paid.provider,
    r.amount_minor, paid.currency
FROM paid JOIN refund r ON r.payment_id = paid.id
ORDER BY at
"""
_EVENTS = """
SELECT id, aggregate_id, name, traceparent, occurred_at FROM outbox
WHERE aggregate_id = ANY (%(payments)s) ORDER BY aggregate_id, sequence
"""
_PREFIXES: Final = {"attempt": "att", "refund": "rfd"}


class PostgresPaymentHistory:
    """PaymentHistory on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def of_order(self, order_id: UUID) -> Sequence[Told]:
        """Return attempts, refunds and events of an order's payment, oldest first."""
        rows = await self._db.fetch_all(_OF_ORDER, {"order_id": order_id})
        payments = list({format_id("pay", row["payment_id"]) for row in rows})
        events = await self._db.fetch_all(_EVENTS, {"payments": payments}) if payments else ()
        told = [*map(_row_told, rows), *map(_event_told, events)]
        return sorted(told, key=lambda each: each.at)


def _row_told(row: Mapping[str, Any]) -> Told:
    name: str = row["name"]
    detail = {
        "id": format_id(_PREFIXES[name], row["id"]),
        "payment_id": format_id("pay", row["payment_id"]),
        "provider": row["provider"],
        "amount_minor": str(row["amount_minor"]),
        "currency": row["currency"],
    }
    if row["reason"]:
        detail["reason"] = row["reason"]
    return Told(row["at"], name, row["status"], detail)


def _event_told(row: Mapping[str, Any]) -> Told:
    detail = {"payment_id": row["aggregate_id"], "event_id": format_id("evt", row["id"])}
    return Told(row["occurred_at"], row["name"], "", detail, row["traceparent"][3:35])
