"""Settlements in PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from chassis.database import Database
from payments.adapters.acts import record_by_account, settlement_recorded
from payments.adapters.ledger_writer import post
from payments.domain.settlement import Settlement

_FIELDS = """id, provider, reference, owed_minor, owed_currency, fee_minor, received_minor,
    received_currency"""
_INSERT = f"""
INSERT INTO settlement ({_FIELDS}, created_at)
VALUES (%(id)s, %(provider)s, %(reference)s, %(owed_minor)s, %(owed_currency)s, %(fee_minor)s,
    %(received_minor)s, %(received_currency)s, %(now)s)
ON CONFLICT (provider, reference) DO NOTHING
"""  # noqa: S608 - made of constants
_FIND = f"""
SELECT {_FIELDS} FROM settlement WHERE provider = %(provider)s AND reference = %(reference)s
"""  # noqa: S608 - made of constants


class PostgresSettlements:
    """What providers paid out, each with its postings."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, settlement: Settlement, now: datetime) -> Settlement:
        """Post a settlement; return the one that stands under its provider and reference."""
        params = {**asdict(settlement), "now": now}
        async with self._db.transaction() as session:
            if await session.execute(_INSERT, params):
                await record_by_account(session, settlement_recorded(settlement))
                await post(session, settlement.postings, now)
                return settlement
            row = await session.fetch_one(_FIND, params)
        if row is None:
            raise AssertionError("settlements are never deleted")
        return Settlement(**row)
