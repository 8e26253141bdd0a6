"""Commission rules in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.database import Database
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
        row = await self._db.fetch_one(
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
        return CommissionRule(**row)

    async def remove(self, rule_id: UUID) -> bool:
        """Remove a rule; False when there is none of that id."""
        return await self._db.execute(_REMOVE, {"id": rule_id}) > 0
