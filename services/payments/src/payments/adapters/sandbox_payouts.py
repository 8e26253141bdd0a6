"""The sandbox's bank: pays sellers, and keeps a log of its own of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chassis.database import Database
from payments.domain.payout import FAILED, PAID, Payout

REFUSED_MINOR: Final = 402
REFUSED_LATER_MINOR: Final = 403
_PENDING: Final = "pending"
_ANSWERS: Final[Mapping[int, tuple[str, str]]] = {
    REFUSED_MINOR: (FAILED, FAILED),
    REFUSED_LATER_MINOR: (_PENDING, FAILED),
}
"""The first answer and every further one, by the amount in minor units; others are paid."""
_FAILURE: Final = "account_closed"

# It stands for another company's database: nothing else reads or writes this table.
_SEND = """
INSERT INTO sandbox_payout AS s (payout_id, amount_minor, currency, status, created_at)
VALUES (%(id)s, %(amount_minor)s, %(currency)s, %(first)s, now())
ON CONFLICT (payout_id) DO UPDATE SET status = %(then)s
RETURNING status
"""


class SandboxPayouts:
    """A payout channel that pays all but two amounts, in any currency.

    402 minor units fail at once, as to an account that was closed; 403 are answered as pending and
    fail when they are asked for again, five seconds later.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def send(self, payout: Payout) -> tuple[str, str]:
        """Pay once by the payout's id."""
        first, then = _ANSWERS.get(payout.amount_minor, (PAID, PAID))
        row = await self._db.fetch_one(
            _SEND,
            {
                "id": payout.id,
                "amount_minor": payout.amount_minor,
                "currency": payout.currency,
                "first": first,
                "then": then,
            },
        )
        status = row["status"] if row else ""
        return status, _FAILURE if status == FAILED else ""
