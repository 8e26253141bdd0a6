"""Accounts that were deleted, and what orders still knows of them, in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from chassis.database import Statements
from chassis.ids import parse_id

_REMEMBER = """
INSERT INTO deleted_account (account_id, deleted_at) VALUES (%(account_id)s, %(at)s)
ON CONFLICT DO NOTHING
"""

_ANY = "SELECT 1 FROM deleted_account LIMIT 1"

# One that is checked out belongs to an order, and goes with it.
_DELETE_CARTS = """
DELETE FROM cart c USING deleted_account d
WHERE c.account_id = d.account_id AND c.status = '{status}'
"""

# A buyer's own words on a cancellation are told apart from our plain ones as for events; the saga
# has noted them in its steps.
_ANONYMISE = """
WITH done AS MATERIALIZED (
    SELECT o.id, o.cart_id, o.cancel_reason !~ '^[a-z0-9_]{0,64}$' AS in_own_words
    FROM deleted_account d JOIN orders o ON o.account_id = d.account_id
    WHERE (o.status, o.saga_step) IN (('completed', 'done'), ('cancelled', 'cancelled'))
      AND NOT EXISTS (
          SELECT FROM shipment s WHERE s.order_id = o.id AND s.stock_next_at IS NOT NULL)
    LIMIT %(limit)s FOR UPDATE OF o SKIP LOCKED
), gone AS (
    DELETE FROM cart c USING done WHERE c.id = done.cart_id AND c.status = 'checked_out'
), erased AS (
    UPDATE orders o SET account_id = NULL, email = '', locale = '',
        shipping_address = jsonb_build_object('name', '', 'line1', '', 'line2', '', 'city', '',
            'region', '', 'postal_code', '', 'phone', '',
            'country', o.shipping_address -> 'country'),
        cancel_reason = CASE WHEN in_own_words THEN 'other' ELSE o.cancel_reason END,
        steps = CASE WHEN in_own_words THEN (
            SELECT jsonb_agg(CASE WHEN s ->> 'note' = o.cancel_reason
                THEN s || '{"note": "other"}' ELSE s END ORDER BY place)
            FROM jsonb_array_elements(o.steps) WITH ORDINALITY AS t (s, place)
        ) ELSE o.steps END
    FROM done WHERE o.id = done.id
    RETURNING o.id
)
SELECT count(*) AS erased FROM erased
"""

_FORGET = """
DELETE FROM deleted_account d WHERE deleted_at < %(before)s
  AND NOT EXISTS (SELECT FROM orders o WHERE o.account_id = d.account_id)
"""


class PostgresDeletedAccounts:
    """DeletedAccounts on PostgreSQL; each call is one statement per kind of rows."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def remember(self, account_id: str, at: datetime) -> None:
        """Note that an account was deleted."""
        params = {"account_id": parse_id("usr", account_id), "at": at}
        await self._db.execute(_REMEMBER, params)

    async def any_deleted(self) -> bool:
        """Tell whether anything is noted."""
        return await self._db.fetch_one(_ANY) is not None

    async def delete_carts(self) -> None:
        """Delete the accounts' carts that no order was made of."""
        for status in ("open", "merged"):
            await self._db.execute(_DELETE_CARTS.format(status=status))

    async def anonymise_orders(self, limit: int) -> int:
        """Take the person out of at most so many orders that are over; return how many."""
        row = await self._db.fetch_one(_ANONYMISE, {"limit": limit})
        return int(row["erased"]) if row else 0

    async def forget_done(self, before: datetime) -> None:
        """Forget accounts that were deleted before, of which no order is left."""
        await self._db.execute(_FORGET, {"before": before})
