"""Noting that seller orders reached their buyers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from payments.app.ports import Deliveries, NewDelivery


@dataclass(frozen=True, slots=True)
class Delivered:
    """A seller order (its TypeID) of an order, and when it was delivered."""

    order_id: UUID
    seller_order_id: str
    delivered_at: datetime


async def record_deliveries(
    delivered: Sequence[Delivered], deliveries: Deliveries, hold: timedelta
) -> None:
    """Store deliveries in the caller's transaction; their sellers are paid ``hold`` later."""
    await deliveries.record(
        [
            NewDelivery(each.seller_order_id, each.order_id, each.delivered_at, release_at)
            for each in delivered
            for release_at in (each.delivered_at + hold,)
        ]
    )
