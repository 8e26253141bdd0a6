"""Commission rules in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.database import Database
from payments.adapters.acts import (
    commission_rule_removed,
    commission_rule_set,
    record_by_account,
)
from payments.domain.commission import CommissionRule

_ALL = """
SELECT id, seller_id, category_id, rate_bps, tax_bps FROM commission_rule
ORDER BY seller_id, category_id
"""
_PUT = """
INSERT INTO commission_rule AS r (id, seller_id, category_id, rate_bps, tax_bps, updated_at)
VALUES (%(id)s, %(seller_id)s, %(category_id)s, %(rate_bps)s, %(tax_bps)s, %(now)s)
ON CONFLICT (seller_id, category_id) DO UPDATE SET rate_bps = excluded.rate_bps,
    tax_bps = excluded.tax_bps, updated_at = excluded.updated_at
RETURNING id, seller_id, category_id, rate_bps, tax_bps
"""
_REMOVE = "DELETE FROM commission_rule WHERE id = %(id)s"


class PostgresCommissionRules:
    """The rules, few enough to be read at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[CommissionRule]:
        """Return every rule, by seller and category."""
        return [CommissionRule(**row) for row in await self._db.fetch_all(_ALL)]

    async def put(self, rule: CommissionRule, now: datetime) -> CommissionRule:
        """Store a rule, in the place of the one of its seller and category."""
        async with self._db.transaction() as session:
            row = await session.fetch_one(
                _PUT,
                {
                    "id": rule.id,
                    "seller_id": rule.seller_id,
                    "category_id": rule.category_id,
                    "rate_bps": rule.rate_bps,
                    "tax_bps": rule.tax_bps,
                    "now": now,
                },
            )
            if row is None:
                raise AssertionError("an upsert returns its row")
            stored = CommissionRule(**row)
            await record_by_account(session, commission_rule_set(stored))
        return stored

    async def remove(self, rule_id: UUID) -> bool:
        """Remove a rule; False when there is none of that id."""
        async with self._db.transaction() as session:
            removed = await session.execute(_REMOVE, {"id": rule_id}) > 0
            if removed:
                await record_by_account(session, commission_rule_removed(rule_id))
        return removed
