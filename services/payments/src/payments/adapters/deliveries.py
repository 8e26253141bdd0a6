"""Delivered seller orders in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from chassis.database import Statements
from payments.app.ports import NewDelivery
from payments.domain.postings import CASH

# A payment that somebody is changing has to be changed again: what it saves would not know when to
# look after the delivery. Its row is locked until the delivery can be seen.
_RECORD = """
WITH input AS (
    SELECT * FROM jsonb_to_recordset(%(deliveries)s::jsonb) AS i (
        seller_order_id text, order_id uuid, delivered_at timestamptz, release_at timestamptz
    )
), recorded AS (
    INSERT INTO delivery (seller_order_id, order_id, delivered_at, release_at)
    SELECT seller_order_id, order_id, delivered_at, release_at FROM input
    ON CONFLICT (seller_order_id) DO NOTHING
    RETURNING order_id, delivered_at, release_at
), due AS (
    SELECT order_id, min(delivered_at) AS delivered_at, min(release_at) AS release_at
    FROM recorded GROUP BY order_id
)
UPDATE payment p SET
    next_check_at = least(
        p.next_check_at, CASE WHEN p.provider = %(cash)s THEN d.delivered_at ELSE d.release_at END
    ),
    version = p.version + 1
FROM due d WHERE p.order_id = d.order_id
"""


class PostgresDeliveries:
    """Deliveries over one session, or each call by itself."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def record(self, deliveries: Sequence[NewDelivery]) -> None:
        """Store deliveries that are not known yet, and have their payments looked after."""
        rows = orjson.dumps(deliveries).decode()
        await self._statements.execute(_RECORD, {"deliveries": rows, "cash": CASH})
