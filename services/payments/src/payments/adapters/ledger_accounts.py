"""Accounts of the ledger: made when the first entry needs them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from chassis.database import Statements
from payments.domain.ledger import Account, Posting

_ADD = """
INSERT INTO ledger_account (id, kind, owner, currency, created_at)
SELECT i.*, %(now)s FROM unnest(
    %(id)s::uuid[], %(kind)s::text[], %(owner)s::text[], %(currency)s::text[]
) AS i
ON CONFLICT DO NOTHING
"""


class LedgerAccounts:
    """Knows which accounts exist, so that most postings need no statement for them."""

    def __init__(self) -> None:
        self._known: set[Account] = set()

    async def add(
        self, statements: Statements, postings: Sequence[Posting], now: datetime
    ) -> set[Account]:
        """Create the accounts not seen before, in one order so that nobody deadlocks.

        Returns them; they may be remembered once they are committed.
        """
        used = {account for posting in postings for account, _ in posting.entries}
        new = sorted(used - self._known, key=lambda account: account.id)
        if new:
            await statements.execute(
                _ADD,
                {
                    "id": [account.id for account in new],
                    "kind": [account.kind for account in new],
                    "owner": [account.owner for account in new],
                    "currency": [account.currency for account in new],
                    "now": now,
                },
            )
        return set(new)

    def remember(self, accounts: Iterable[Account]) -> None:
        """Take accounts for known: they are committed."""
        self._known.update(accounts)
