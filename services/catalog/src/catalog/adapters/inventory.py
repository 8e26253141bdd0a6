"""Stock; what moves it is in migrations/sql, so that a move is one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.errors import CheckViolation

from catalog.adapters import outgoing
from catalog.adapters.array_literal import array_literal
from catalog.adapters.reservations import Reservation, Reservations
from catalog.domain.errors import (
    NotAllocated,
    NotFound,
    StaleVersion,
    StockReserved,
    TooManyLocations,
)
from catalog.domain.stock import (
    MAX_LOCATIONS,
    Hold,
    Location,
    Stock,
    WantedLine,
)
from chassis.context import current_traceparent
from chassis.database import Database
from chassis.failpoints import failpoint
from chassis.ids import format_id, new_id

_LOCATIONS = """
SELECT id, seller_id, name, country, is_default FROM location WHERE seller_id = %(seller_id)s
ORDER BY is_default DESC, name, id
"""
_ADD_LOCATION = """
WITH added AS (
    INSERT INTO location (id, type_id, seller_id, name, country, is_default, created_at)
    SELECT %(id)s, %(type_id)s, %(seller_id)s, %(name)s, %(country)s, false, %(now)s
    WHERE (SELECT count(*) FROM location WHERE seller_id = %(seller_id)s) < %(most)s
    ON CONFLICT (id) DO NOTHING
    RETURNING id, seller_id, name, country, is_default
)
SELECT * FROM added UNION ALL
SELECT id, seller_id, name, country, is_default FROM location
WHERE id = %(id)s AND NOT EXISTS (SELECT FROM added)
"""
_OWNER = "SELECT seller_id FROM variant WHERE id = %(id)s AND removed_at IS NULL"

_PLACE = """
SELECT v.id AS variant_id, l.id AS location_id FROM variant v
JOIN location l ON l.seller_id = v.seller_id
    AND CASE WHEN %(location_id)s::uuid IS NULL THEN l.is_default ELSE l.id = %(location_id)s END
WHERE v.id = %(variant_id)s AND v.removed_at IS NULL
    AND v.seller_id = coalesce(%(seller_id)s::uuid, v.seller_id)
"""
_STOCK = f"""
SELECT place.variant_id, place.location_id, coalesce(k.on_hand, 0) AS on_hand,
    coalesce(k.held + k.allocated, 0) AS reserved, coalesce(k.version, 0) AS version
FROM ({_PLACE}) AS place
LEFT JOIN stock k ON k.variant_id = place.variant_id AND k.location_id = place.location_id
"""  # noqa: S608 - made of constants only
_SET_ON_HAND = f"""
WITH place AS ({_PLACE}), put AS (
    INSERT INTO stock AS k (variant_id, location_id, on_hand, version)
    SELECT variant_id, location_id, %(on_hand)s, 1 FROM place
    WHERE %(expected)s::bigint IS NULL OR %(expected)s = 0 OR EXISTS (
        SELECT FROM stock s
        WHERE s.variant_id = place.variant_id AND s.location_id = place.location_id)
    ON CONFLICT (variant_id, location_id) DO UPDATE
        SET on_hand = excluded.on_hand, version = k.version + 1
        WHERE %(expected)s::bigint IS NULL OR k.version = %(expected)s
    RETURNING variant_id, location_id, on_hand, held + allocated AS reserved, version
), touched AS (
    INSERT INTO stock_touched (variant_id) SELECT variant_id FROM put
)
SELECT * FROM put
"""  # noqa: S608 - made of constants only

_COMMIT = """
SELECT commit_stock(%(order_ids)s, %(refs)s, %(ids)s, %(payloads)s, %(traceparent)s) AS orders
"""
_RELEASE = """
SELECT release_stock(%(order_ids)s, %(expired_before)s::timestamptz, %(reason)s, %(refs)s, %(ids)s,
    %(payloads)s, %(traceparent)s) AS orders
"""
_SHIP = """
SELECT ship_stock(%(shipment_id)s, %(order_id)s, %(line_ids)s::uuid[], %(quantities)s::integer[])
    AS outcome
"""
_TAKE_BACK = "SELECT take_back_stock(%(shipment_id)s) AS outcome"
_EXPIRED = """
SELECT order_id FROM order_hold WHERE state = 'held' AND expires_at < %(now)s
ORDER BY expires_at LIMIT %(most)s
"""

# Only the process that moves the gate's time works: twice a second in two processes would tell of
# a variant twice a second.
_TOUCHED = """
WITH gate AS (
    UPDATE job_gate SET ran_at = now() WHERE name = 'announce_stock'
        AND ran_at <= now() - make_interval(secs => %(every_s)s)
        AND EXISTS (SELECT FROM stock_touched)
    RETURNING name
), gone AS (
    DELETE FROM stock_touched WHERE EXISTS (SELECT FROM gate) RETURNING variant_id
)
SELECT DISTINCT v.id, v.product_id FROM gone JOIN variant v ON v.id = gone.variant_id
"""
# Whoever changes a product has its row while it looks at the stock; so do we.
_LOCK_PRODUCTS = """
SELECT id FROM product WHERE id = ANY (%(products)s) ORDER BY id FOR NO KEY UPDATE
"""
_AVAILABLE = """
SELECT v.id, v.product_id, coalesce(sum(k.on_hand - k.held - k.allocated), 0)::bigint AS available
FROM variant v LEFT JOIN stock k ON k.variant_id = v.id
WHERE v.id = ANY (%(variants)s) GROUP BY v.id ORDER BY v.id
"""
_SHOW = """
UPDATE listing l SET in_stock = NOT l.in_stock
WHERE l.product_id = ANY (%(products)s) AND l.in_stock <> EXISTS (
    SELECT FROM variant v JOIN stock k ON k.variant_id = v.id
    WHERE v.product_id = l.product_id AND v.removed_at IS NULL
        AND k.on_hand - k.held - k.allocated > 0)
"""
_TELL = """
SELECT outbox_append(e.id, 'stock_changed', e.aggregate, e.payload, '')
FROM unnest(%(ids)s::uuid[], %(aggregates)s::text[], %(payloads)s::bytea[])
    AS e (id, aggregate, payload)
"""


class PostgresInventory:
    """Stock; each call is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._reservations = Reservations(db)

    async def locations(self, seller_id: UUID) -> list[Location]:
        """Return a seller's locations, the default one first."""
        rows = await self._db.fetch_all(_LOCATIONS, {"seller_id": seller_id})
        return [Location(**row) for row in rows]

    async def add_location(self, location: Location, now: datetime) -> Location:
        """Add a location unless it exists; raises TooManyLocations."""
        row = await self._db.fetch_one(
            _ADD_LOCATION,
            {
                "id": location.id,
                "type_id": format_id("loc", location.id),
                "seller_id": location.seller_id,
                "name": location.name,
                "country": location.country,
                "now": now,
                "most": MAX_LOCATIONS,
            },
        )
        if row is None:
            raise TooManyLocations
        return Location(**row)

    async def owner(self, variant_id: UUID) -> UUID:
        """Return the seller of a variant that is offered; raises NotFound."""
        row = await self._db.fetch_one(_OWNER, {"id": variant_id})
        if row is None:
            raise NotFound
        seller_id: UUID = row["seller_id"]
        return seller_id

    async def stock(
        self, variant_id: UUID, location_id: UUID | None, seller_id: UUID | None = None
    ) -> Stock:
        """Return stock at a location, the default one without; raises NotFound."""
        params = {"variant_id": variant_id, "location_id": location_id, "seller_id": seller_id}
        row = await self._db.fetch_one(_STOCK, params)
        if row is None:
            raise NotFound
        return Stock(**row)

    async def set_on_hand(
        self,
        variant_id: UUID,
        location_id: UUID | None,
        on_hand: int,
        expected: int | None,
        seller_id: UUID | None = None,
    ) -> Stock:
        """Set what is physically there; raises NotFound, StaleVersion and StockReserved."""
        params = {
            "variant_id": variant_id,
            "location_id": location_id,
            "on_hand": on_hand,
            "expected": expected,
            "seller_id": seller_id,
        }
        place = (variant_id, location_id, seller_id)
        try:
            row = await self._db.fetch_one(_SET_ON_HAND, params)
        except CheckViolation:
            raise StockReserved((await self.stock(*place)).reserved) from None
        if row is None:
            raise StaleVersion((await self.stock(*place)).version)
        return Stock(**row)

    async def reserve(
        self, order_id: UUID, lines: Sequence[WantedLine], expires_at: datetime
    ) -> Hold:
        """Hold all lines or none; raises ReservationRefused.

        Orders that come at once share a transaction: one round trip, and one commit under the
        locks of a hot item instead of one per buyer.
        """
        return await self._reservations.submit(
            Reservation(order_id, lines, expires_at, current_traceparent())
        )

    async def commit(self, order_ids: Sequence[UUID]) -> list[UUID]:
        """Turn holds into allocations; return the orders that have neither."""
        events = outgoing.committed(order_ids)
        failpoint("allocate.before_commit")
        row = await self._db.fetch_one(_COMMIT, _event_params(order_ids, events))
        failpoint("allocate.after_commit")
        missing: list[UUID] = row["orders"] if row else list(order_ids)
        return missing

    async def release(self, order_ids: Sequence[UUID], reason: str) -> None:
        """End holds and allocations and close the orders for good."""
        params = _event_params(order_ids, outgoing.released(order_ids, reason))
        failpoint("release.before_commit")
        await self._db.execute(_RELEASE, {**params, "expired_before": None, "reason": reason})
        failpoint("release.after_commit")

    async def ship(self, shipment_id: UUID, order_id: UUID, units: Mapping[UUID, int]) -> None:
        """Lower on_hand and allocated by a parcel's units per line, once; raises NotAllocated."""
        params = {
            "shipment_id": shipment_id,
            "order_id": order_id,
            "line_ids": array_literal(units),
            "quantities": array_literal(units.values()),
        }
        row = await self._db.fetch_one(_SHIP, params)
        if row is None or row["outcome"] != "shipped":
            raise NotAllocated

    async def take_back(self, shipment_id: UUID) -> None:
        """Raise on_hand by a parcel's units again, once; raises NotFound."""
        row = await self._db.fetch_one(_TAKE_BACK, {"shipment_id": shipment_id})
        if row is None or row["outcome"] != "returned":
            raise NotFound

    async def expire(self, now: datetime, most: int) -> int:
        """End holds whose time is over, at most so many; return how many it ended."""
        due = await self._db.fetch_all(_EXPIRED, {"now": now, "most": most})
        if not due:
            return 0
        order_ids = [row["order_id"] for row in due]
        params = _event_params(order_ids, outgoing.released(order_ids, "expired"))
        row = await self._db.fetch_one(
            _RELEASE, {**params, "expired_before": now, "reason": "expired"}
        )
        return len(row["orders"]) if row else 0

    async def announce(self, every_s: float) -> int | None:
        """Tell what changed and show it in lists; None if any process did so a moment ago."""
        async with self._db.transaction() as session:
            touched = await session.fetch_all(_TOUCHED, {"every_s": every_s})
            if not touched:
                return None
            products = {"products": list({row["product_id"] for row in touched})}
            await session.fetch_all(_LOCK_PRODUCTS, products)
            # A further statement sees what was committed while we waited for the locks.
            rows = await session.fetch_all(_AVAILABLE, {"variants": [row["id"] for row in touched]})
            await session.execute(_SHOW, products)
            refs = [
                (format_id("var", row["id"]), format_id("prd", row["product_id"])) for row in rows
            ]
            payloads = [
                outgoing.stock_changed(variant, product, row["available"])
                for (variant, product), row in zip(refs, rows, strict=True)
            ]
            await session.fetch_all(
                _TELL,
                {
                    "ids": [new_id() for _ in rows],
                    "aggregates": [variant for variant, _ in refs],
                    "payloads": payloads,
                },
            )
            return len(rows)


def _event_params(order_ids: Sequence[UUID], events: outgoing.OrderEvents) -> dict[str, object]:
    return {
        "order_ids": list(order_ids),
        "refs": events.refs,
        "ids": events.ids,
        "payloads": events.payloads,
        "traceparent": current_traceparent(),
    }
