"""What orders tells, read with a model of our own: a seller order that was delivered, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta

from google.protobuf.message import DecodeError

from chassis.database import Session, Statements
from chassis.envelope import Envelope
from chassis.ids import parse_id
from payments.app.ports import Deliveries
from payments.app.record_deliveries import Delivered, record_deliveries
from soko.events.v1.orders_pb2 import OrderDelivered

ORDER_DELIVERED = "order_delivered"


class DeliveryEvents:
    """Handles order_delivered in the inbox's transaction."""

    def __init__(self, deliveries: Callable[[Statements], Deliveries], hold: timedelta) -> None:
        self._deliveries = deliveries
        self._hold = hold

    async def handle(self, batch: Sequence[Envelope], session: Session) -> None:
        """Record what the events tell; raises ValueError for one that cannot be read."""
        told = [delivered(envelope) for envelope in batch]
        await record_deliveries(told, self._deliveries(session), self._hold)


def delivered(envelope: Envelope) -> Delivered:
    """Return what an event tells; raises ValueError if it cannot be read."""
    try:
        message = OrderDelivered.FromString(envelope.data)
    except DecodeError as error:
        raise ValueError(f"{envelope.name} {envelope.id} is unreadable") from error
    parse_id("sor", message.seller_order_id)
    return Delivered(
        parse_id("ord", message.order_id),
        message.seller_order_id,
        message.delivered_at.ToDatetime(UTC),
    )
