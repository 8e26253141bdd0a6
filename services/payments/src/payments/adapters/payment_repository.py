"""Payments in PostgreSQL: each step one statement, many callers' steps one statement together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from chassis.batching import Batcher
from chassis.context import current_traceparent
from chassis.database import Database, Statements
from chassis.errors import not_found
from chassis.ids import new_id
from payments.adapters import payment_statements as sql
from payments.adapters.acts import Known, record_changes
from payments.adapters.event_messages import to_outgoing
from payments.adapters.ledger_accounts import LedgerAccounts
from payments.adapters.payment_rows import (
    delivery_rows,
    dispute_rows,
    entry_rows,
    event_rows,
    open_rows,
    refund_rows,
    saved_rows,
    to_payment,
)
from payments.domain.payment import Payment

T = TypeVar("T")
_CHECK_CLOSED_AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Save:
    payment: Payment
    now: datetime
    traceparent: str


class PostgresPayments:
    """The payment repository; ``nudge`` is called after writes, to have events relayed."""

    def __init__(self, db: Database, nudge: Callable[[], None]) -> None:
        self._db = db
        self._nudge = nudge
        self._accounts = LedgerAccounts()
        self._openings: Batcher[Payment, bool] = Batcher(self._open_all)
        self._saves: Batcher[_Save, bool] = Batcher(self._save_each)

    async def open(self, payment: Payment) -> bool:
        """Insert a new payment with its attempt; False when the order has one (or is closed)."""
        return await self._openings.submit(payment)

    async def get(self, payment_id: UUID) -> Payment | None:
        """Return a payment with its attempt and refunds."""
        return await self._load(self._db, payment_id)

    async def find_by_order(self, order_id: UUID) -> Payment | None:
        """Return an order's payment, or the tombstone of one."""
        row = await self._db.fetch_one(sql.BY_ORDER, {"order_id": order_id})
        return None if row is None else to_payment(row)

    async def find_by_attempt(self, attempt_id: UUID) -> Payment | None:
        """Return the payment of an attempt."""
        row = await self._db.fetch_one(sql.BY_ATTEMPT, {"attempt_id": attempt_id})
        return None if row is None else to_payment(row)

    async def find_by_reference(self, provider: str, reference: str) -> Payment | None:
        """Return the payment that a provider calls so."""
        params = {"provider": provider, "reference": reference}
        row = await self._db.fetch_one(sql.BY_REFERENCE, params)
        return None if row is None else to_payment(row)

    async def save(self, payments: Sequence[Payment], now: datetime) -> set[UUID]:
        """Save changed payments; return the ids of those that nobody else changed meanwhile."""
        if not payments:
            return set()
        trace = current_traceparent()
        if len(payments) == 1:
            done = await self._saves.submit(_Save(payments[0], now, trace))
            return {payments[0].id} if done else set()
        return await self._save_all([_Save(payment, now, trace) for payment in payments])

    async def change(
        self,
        payment_id: UUID,
        act: Callable[[Payment], T],
        now: datetime,
        sellers: Collection[str] | None = None,
    ) -> tuple[Payment, T]:
        """Change a payment under its row lock; raises not_found, and what ``act`` raises."""
        params: dict[str, object] = {"payment_id": payment_id}
        lock = sql.LOCK
        if sellers is not None:
            lock, params["sellers"] = sql.LOCK_OF_SELLERS, list(sellers)
        async with self._db.transaction() as session:
            locked = await session.execute(lock, params)
            payment = await self._load(session, payment_id) if locked else None
            if payment is None:
                raise not_found()
            known = Known.of(payment)
            result = act(payment)
            if payment.touched:
                await record_changes(session, known, payment)
                await self._accounts.add(session, payment.postings, now)
                await self._write(session, [_Save(payment, now, current_traceparent())])
        self._nudge()
        return payment, result

    async def begin_captures(self, order_ids: Sequence[UUID], check_at: datetime) -> list[Payment]:
        """Note that open authorized payments are about to be captured; return all payments.

        Refunds are not loaded: nothing that may be captured has any.
        """
        rows = await self._db.fetch_all(
            sql.BEGIN_CAPTURES, {"order_ids": list(order_ids), "check_at": check_at}
        )
        return [to_payment(row) for row in rows]

    async def close(self, order_id: UUID, reason: str, now: datetime) -> Payment:
        """Close an order for payment for good, leaving a tombstone where there is no payment."""
        tombstone = Payment(new_id(), order_id, "", 0, "", (), now, closed_at=now)
        row = await self._db.fetch_one(
            sql.CLOSE,
            {
                "id": tombstone.id,
                "order_id": order_id,
                "reason": reason,
                "now": now,
                "check_at": now + _CHECK_CLOSED_AFTER,
            },
        )
        if row is not None and row["id"] == tombstone.id:
            return tombstone
        payment = await self.find_by_order(order_id)
        if payment is None:
            raise AssertionError("payments are never deleted")
        return payment

    async def claim_due(self, now: datetime, limit: int) -> list[UUID]:
        """Return payments to look after and push their next check away, further each time."""
        rows = await self._db.fetch_all(sql.CLAIM_DUE, {"now": now, "limit": limit})
        return [row["id"] for row in rows]

    async def _load(self, statements: Statements, payment_id: UUID) -> Payment | None:
        row = await statements.fetch_one(sql.BY_ID, {"payment_id": payment_id})
        return None if row is None else to_payment(row)

    async def _open_all(self, payments: Sequence[Payment]) -> Sequence[bool]:
        rows = await self._db.fetch_all(sql.OPEN, {"payments": open_rows(payments)})
        opened = {row["id"] for row in rows}
        return [payment.id in opened for payment in payments]

    async def _save_each(self, saves: Sequence[_Save]) -> Sequence[bool]:
        # Two changes of one payment cannot both be right: the later one has to look again.
        first = {save.payment.id: save for save in reversed(saves)}
        saved = await self._save_all(list(first.values()))
        return [save.payment.id in saved and first[save.payment.id] is save for save in saves]

    async def _save_all(self, saves: Sequence[_Save]) -> set[UUID]:
        postings = [posting for save in saves for posting in save.payment.postings]
        self._accounts.remember(await self._accounts.add(self._db, postings, saves[0].now))
        saved = await self._write(self._db, saves)
        self._nudge()
        return saved

    async def _write(self, statements: Statements, saves: Sequence[_Save]) -> set[UUID]:
        payments = [save.payment for save in saves]
        params = {
            "ids": "{" + ",".join(str(payment.id) for payment in payments) + "}",
            "payments": saved_rows(payments, saves[0].now),
            "now": saves[0].now,
        }
        refunds = [(each.id, refund) for each in payments for refund in each.refunds]
        disputes = [(each.id, dispute) for each in payments for dispute in each.disputes]
        deliveries = [(each.id, delivery) for each in payments for delivery in each.deliveries]
        postings = [(each.id, posting) for each in payments for posting in each.postings]
        events = [
            (save.payment.id, to_outgoing(save.payment, event), save.traceparent)
            for save in saves
            for event in save.payment.events
        ]
        given = {
            "refunds": refund_rows(refunds) if refunds else "",
            "disputes": dispute_rows(disputes) if disputes else "",
            "deliveries": delivery_rows(deliveries) if deliveries else "",
            "entries": entry_rows(postings) if postings else "",
            "events": event_rows(events) if events else "",
        }
        rows = {name: text for name, text in given.items() if text}
        params.update(rows)
        statement = sql.save(frozenset(rows))
        saved = {row["id"] for row in await statements.fetch_all(statement, params)}
        for payment in payments:
            if payment.id in saved:
                payment.saved()
        return saved
