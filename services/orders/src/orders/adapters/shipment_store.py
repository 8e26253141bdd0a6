"""Parcels and carriers' updates in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from chassis.context import current_traceparent
from chassis.database import Statements
from chassis.ids import parse_id
from orders.adapters import shipment_statements as sql
from orders.adapters.shipment_events import outgoing, outgoing_cancellation
from orders.adapters.shipment_rows import (
    cancellation_record,
    json_text,
    parcel_record,
    ref_of,
    stock_move_of,
    update_of,
)
from orders.app.ports import CarrierUpdate, ShipmentRef, StockMove
from orders.domain.cancellation import CancellationMove
from orders.domain.fulfilment import FulfilmentMove


class PostgresShipments:
    """ShipmentStore on PostgreSQL; ``told`` is called after an event was written."""

    def __init__(self, db: Statements, told: Callable[[], None]) -> None:
        self._db = db
        self._told = told

    async def save(self, move: FulfilmentMove) -> bool:
        """Store a parcel's step with its events; return False if the order changed before it."""
        return await self._save(move, parcel_record(move.shipment))

    async def cancel(self, move: CancellationMove) -> bool:
        """Store a cancellation with its events; return False if the order changed before it."""
        return await self._save(move, cancellation_record(move.cancellation))

    async def _save(
        self, move: FulfilmentMove | CancellationMove, record: dict[str, object]
    ) -> bool:
        order, part = move.after, move.part
        params = {
            **record,
            "order_id": parse_id("ord", order.id),
            "from_version": move.before.version,
            "version": order.version,
            "status": order.status,
            "fulfilment_status": order.fulfilment_status,
            "updated_at": order.updated_at,
            "part_status": part.status,
            "part_fulfilment_status": part.fulfilment_status,
            "told": json_text(_told(move)),
        }
        saved = bool(await self._db.fetch_all(sql.SAVE, params))
        if saved and move.told:
            self._told()
        return saved

    async def claim_stock_moves(
        self, now: datetime, until: datetime, limit: int
    ) -> Sequence[StockMove]:
        """Take parcels whose stock is due; until ``until`` no other worker takes them."""
        params = {"now": now, "until": until, "limit": limit}
        return [stock_move_of(row) for row in await self._db.fetch_all(sql.CLAIM_STOCK, params)]

    async def stock_moved(self, move: StockMove, now: datetime) -> None:
        """Note that catalog moved a parcel's stock; one that came back meanwhile is due again."""
        params = {"id": parse_id("shp", move.shipment_id), "step": move.step, "now": now}
        await self._db.execute(sql.STOCK_MOVED, params)

    async def stock_later(self, move: StockMove, at: datetime) -> None:
        """Note that it is to be tried again, and when."""
        params = {"id": parse_id("shp", move.shipment_id), "step": move.step, "at": at}
        await self._db.execute(sql.STOCK_LATER, params)


class PostgresCarrierInbox:
    """CarrierInbox on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def store(self, update: CarrierUpdate, now: datetime) -> bool:
        """Store an update, due at once; return False if it came before."""
        params = {
            **_key(update),
            "tracking_number": update.tracking_number,
            "status": update.status,
            "occurred_at": update.occurred_at,
            "location": update.location,
            "now": now,
        }
        return await self._db.execute(sql.STORE_UPDATE, params) == 1

    async def claim_due(
        self, now: datetime, until: datetime, limit: int
    ) -> Sequence[tuple[CarrierUpdate, int]]:
        """Take updates that are due, with the number of tries before; the oldest first."""
        params = {"now": now, "until": until, "limit": limit}
        rows = await self._db.fetch_all(sql.CLAIM_UPDATES, params)
        return [(update_of(row), row["attempts"] - 1) for row in rows]

    async def shipments_of(self, update: CarrierUpdate) -> Sequence[ShipmentRef]:
        """Return the parcels with the update's carrier and tracking number."""
        params = {"carrier": update.carrier, "tracking_number": update.tracking_number}
        return [ref_of(row) for row in await self._db.fetch_all(sql.SHIPMENTS_OF, params)]

    async def applied(self, update: CarrierUpdate) -> None:
        """Note that nothing is left to do for an update."""
        await self._db.execute(sql.UPDATE_AGAIN, {**_key(update), "at": None})

    async def later(self, update: CarrierUpdate, at: datetime) -> None:
        """Note that it is to be tried again, and when."""
        await self._db.execute(sql.UPDATE_AGAIN, {**_key(update), "at": at})


def _key(update: CarrierUpdate) -> dict[str, object]:
    return {"carrier": update.carrier, "event_id": update.event_id}


def _told(move: FulfilmentMove | CancellationMove) -> list[dict[str, object]]:
    if isinstance(move, FulfilmentMove):
        events = [outgoing(name, move) for name in move.told]
    else:
        events = [outgoing_cancellation(name, move) for name in move.told]
    return [
        {
            "event_id": event.id,
            "event_name": event.name,
            "aggregate": move.after.id,
            "payload": "\\x" + event.message.SerializeToString().hex(),
            "traceparent": current_traceparent(),
        }
        for event in events
    ]
