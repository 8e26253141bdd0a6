"""Payouts in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis import outbox
from chassis.database import Database, Row, Session
from chassis.errors import not_found
from chassis.ids import format_id
from payments.adapters.acts import payout_requested, record_by_account
from payments.adapters.ledger_writer import post
from payments.app.ports import SellerBalance
from payments.domain.errors import PayoutExceedsAvailable
from payments.domain.ledger import Account
from payments.domain.payout import PAID, REQUESTED, Payout
from soko.common.v1.money_pb2 import Money
from soko.events.v1.payments_pb2 import PayoutFailed, PayoutSent

_FIRST_CHECK = timedelta(seconds=5)
_FIELDS = "id, seller_id, amount_minor, currency, status, failure, created_at, updated_at"
_KINDS: Final = {
    "seller_pending": "pending_minor",
    "seller_available": "available_minor",
    "seller_reserve": "reserved_minor",
    "payout_in_transit": "in_transit_minor",
}

_BALANCES = """
SELECT a.kind, a.currency, (
    SELECT coalesce(-sum(e.amount_minor), 0)::bigint FROM ledger_entry e WHERE e.account_id = a.id
) AS minor
FROM ledger_account a WHERE a.owner = %(seller_id)s AND a.kind = ANY (%(kinds)s)
ORDER BY a.currency
"""
_LOCK_ACCOUNT = "SELECT id FROM ledger_account WHERE id = %(account_id)s FOR UPDATE"
_AVAILABLE = """
SELECT coalesce(-sum(amount_minor), 0)::bigint AS minor FROM ledger_entry
WHERE account_id = %(account_id)s
"""
_FIND = f"SELECT {_FIELDS} FROM payout WHERE id = %(id)s"  # noqa: S608 - made of constants
_INSERT = """
INSERT INTO payout (id, seller_id, amount_minor, currency, status, failure, next_check_at, checks,
    created_at, updated_at)
VALUES (%(id)s, %(seller_id)s, %(amount_minor)s, %(currency)s, 'requested', '', %(check_at)s, 0,
    %(now)s, %(now)s)
"""
_END = """
UPDATE payout SET status = %(status)s, failure = %(failure)s, next_check_at = NULL,
    updated_at = %(now)s
WHERE id = %(id)s
"""
_CLAIM_DUE = f"""
WITH due AS (
    SELECT id AS due_id FROM payout WHERE next_check_at <= %(now)s
    ORDER BY next_check_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE payout p SET
    next_check_at = %(now)s + interval '5 seconds' * 2 ^ least(p.checks, 9),
    checks = p.checks + 1
FROM due WHERE p.id = due_id
RETURNING {_FIELDS}
"""  # noqa: S608 - made of constants
_PAGE = f"""
SELECT {_FIELDS} FROM payout
WHERE seller_id = %(seller_id)s AND (%(before)s::uuid IS NULL OR (created_at, id) < (
    SELECT created_at, id FROM payout WHERE id = %(before)s
))
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608 - made of constants


class PostgresPayouts:
    """Payouts, each change with its postings; ``nudge`` has events relayed."""

    def __init__(self, db: Database, nudge: Callable[[], None]) -> None:
        self._db = db
        self._nudge = nudge

    async def balances(self, seller_id: str) -> list[SellerBalance]:
        """Return what a seller has, by currency."""
        rows = await self._db.fetch_all(_BALANCES, {"seller_id": seller_id, "kinds": list(_KINDS)})
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row["currency"], {})[_KINDS[row["kind"]]] = row["minor"]
        return [SellerBalance(currency, **parts) for currency, parts in found.items()]

    async def request(
        self,
        payout_id: UUID,
        seller_id: str,
        amount_minor: int | None,
        currency: str,
        now: datetime,
    ) -> Payout:
        """Take an amount (None: all) out of what is available; the same id again is the same one.

        Raises PayoutExceedsAvailable. The account's row lock makes requests of a seller come one
        after another; what earns or refunds takes no lock, and a refund may leave less than zero.
        """
        account_id = Account("seller_available", seller_id, currency).id
        async with self._db.transaction() as session:
            # Without an account there is nothing to lock, and nothing that is available.
            row = await session.fetch_one(_LOCK_ACCOUNT, {"account_id": account_id})
            known = await self._find(session, payout_id)
            if known is not None:
                return known
            if row is not None:
                row = await session.fetch_one(_AVAILABLE, {"account_id": account_id})
            available = row["minor"] if row else 0
            wanted = available if amount_minor is None else amount_minor
            if not 0 < wanted <= available:
                raise PayoutExceedsAvailable(
                    f"only {max(available, 0)} is available",
                    {"available_minor": max(available, 0)},
                )
            payout = Payout(payout_id, seller_id, wanted, currency, REQUESTED, "", now, now)
            await session.execute(
                _INSERT,
                {
                    "id": payout_id,
                    "seller_id": seller_id,
                    "amount_minor": wanted,
                    "currency": currency,
                    "check_at": now + _FIRST_CHECK,
                    "now": now,
                },
            )
            await record_by_account(session, payout_requested(payout))
            await post(session, [payout.requested], now)
        return payout

    async def end(self, payout_id: UUID, status: str, failure: str, now: datetime) -> Payout:
        """Note that a payout was paid or has failed; one that ended stays as it is."""
        async with self._db.transaction() as session:
            payout = await self._find(session, payout_id, " FOR UPDATE")
            if payout is None:
                raise not_found()
            if payout.status != REQUESTED:
                return payout
            ended = replace(payout, status=status, failure=failure, updated_at=now)
            await session.execute(
                _END, {"id": payout_id, "status": status, "failure": failure, "now": now}
            )
            await post(session, [ended.outcome], now)
            await outbox.append(session, _told(ended))
        self._nudge()
        return ended

    async def claim_due(self, now: datetime, limit: int) -> list[Payout]:
        """Return payouts to look after and push their next check away, further each time."""
        rows = await self._db.fetch_all(_CLAIM_DUE, {"now": now, "limit": limit})
        return [Payout(**row) for row in rows]

    async def page(self, seller_id: str, before: UUID | None, limit: int) -> list[Payout]:
        """Return a seller's payouts, newest first."""
        rows = await self._db.fetch_all(
            _PAGE, {"seller_id": seller_id, "before": before, "limit": limit}
        )
        return [Payout(**row) for row in rows]

    async def _find(self, session: Session, payout_id: UUID, lock: str = "") -> Payout | None:
        row: Row | None = await session.fetch_one(_FIND + lock, {"id": payout_id})
        return None if row is None else Payout(**row)


def _told(payout: Payout) -> outbox.OutgoingEvent:
    """Return the event that tells how a payout ended."""
    payout_id = format_id("pyo", payout.id)
    amount = Money(amount_minor=payout.amount_minor, currency=payout.currency)
    if payout.status == PAID:
        sent = PayoutSent(payout_id=payout_id, seller_id=payout.seller_id, amount=amount)
        return outbox.OutgoingEvent("payout_sent", payout_id, sent)
    failed = PayoutFailed(
        payout_id=payout_id, seller_id=payout.seller_id, amount=amount, reason=payout.failure
    )
    return outbox.OutgoingEvent("payout_failed", payout_id, failed)
