"""Reading the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from chassis.database import Database
from payments.app.ports import AccountBalance, LedgerEntry

_ACCOUNTS = """
SELECT a.id, a.kind, a.owner, a.currency,
    coalesce((
        SELECT sum(e.amount_minor) FROM ledger_entry e WHERE e.account_id = a.id
    ), 0)::bigint AS balance_minor
FROM ledger_account a
WHERE %(after)s::uuid IS NULL OR a.id > %(after)s
ORDER BY a.id LIMIT %(limit)s
"""

_ENTRIES = """
SELECT e.id, e.transaction_id, e.event, e.account_id, a.kind AS account_kind,
    a.owner AS account_owner, e.amount_minor, e.currency, e.order_id, e.created_at
FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
WHERE {filters}
ORDER BY e.id DESC LIMIT %(limit)s
"""
# A transaction's entries have one time, so that a window never holds a part of one.
_IMBALANCES = """
SELECT currency, sum(abs(off))::bigint AS off FROM (
    SELECT currency, sum(amount_minor) AS off FROM ledger_entry
    WHERE created_at >= %(since)s GROUP BY transaction_id, currency
) AS summed GROUP BY currency
"""
_FILTERS = {
    "order_id": "e.order_id = %(order_id)s",
    "account_id": "e.account_id = %(account_id)s",
    "before": "e.id < %(before)s",
}


class PostgresLedger:
    """The ledger in PostgreSQL; a balance is the sum of an account's entries, by its index."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def accounts(self, after: UUID | None, limit: int) -> list[AccountBalance]:
        """Return accounts by id."""
        rows = await self._db.fetch_all(_ACCOUNTS, {"after": after, "limit": limit})
        return [AccountBalance(**row) for row in rows]

    async def entries(
        self,
        order_id: UUID | None,
        account_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> list[LedgerEntry]:
        """Return entries, newest first."""
        given = {"order_id": order_id, "account_id": account_id, "before": before}
        params = {name: value for name, value in given.items() if value is not None}
        filters = " AND ".join(_FILTERS[name] for name in params) or "true"
        rows = await self._db.fetch_all(
            _ENTRIES.format(filters=filters), {**params, "limit": limit}
        )
        return [LedgerEntry(**row) for row in rows]

    async def imbalances(self, since: datetime) -> Mapping[str, int]:
        """Return by how much transactions since then do not balance, per currency, in minor units.

        Amounts of several transactions do not make up for one another.
        """
        rows = await self._db.fetch_all(_IMBALANCES, {"since": since})
        return {row["currency"]: row["off"] for row in rows}
