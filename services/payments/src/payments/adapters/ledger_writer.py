"""Postings that no payment makes: payouts and settlements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.database import Session
from payments.adapters.ledger_accounts import LedgerAccounts
from payments.adapters.payment_rows import entry_rows
from payments.domain.ledger import Posting

_POST = """
INSERT INTO ledger_entry (
    id, transaction_id, event, account_id, amount_minor, currency, order_id, created_at
)
SELECT id, transaction_id, event, account_id, amount_minor, currency, NULL, %(now)s
FROM jsonb_to_recordset(%(entries)s::jsonb) AS i (
    id uuid, transaction_id uuid, event text, account_id uuid, amount_minor bigint, currency text
)
"""


async def post(session: Session, postings: Sequence[Posting], now: datetime) -> None:
    """Enter postings in the caller's transaction, with the accounts that they need."""
    await LedgerAccounts().add(session, postings, now)
    entries = entry_rows([(None, posting) for posting in postings])
    await session.execute(_POST, {"entries": entries, "now": now})
