"""Rows that may be forgotten, in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from chassis.database import Statements

_KEYS = """
DELETE FROM checkout_key WHERE (scope, key) IN (
    SELECT scope, key FROM checkout_key WHERE created_at < %(before)s LIMIT %(limit)s)
"""
_CARTS = """
DELETE FROM cart WHERE id IN (
    SELECT id FROM cart
    WHERE created_at < %(before)s AND updated_at < %(before)s
      AND (status = 'merged' OR status = 'open' AND account_id IS NULL)
    LIMIT %(limit)s)
"""


class PostgresLeftovers:
    """Leftovers on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def forget_keys(self, before: datetime, limit: int) -> int:
        """Delete checkout keys that are older; return how many."""
        return await self._db.execute(_KEYS, {"before": before, "limit": limit})

    async def forget_guest_carts(self, before: datetime, limit: int) -> int:
        """Delete guests' open carts that nobody touched since; return how many."""
        return await self._db.execute(_CARTS, {"before": before, "limit": limit})
