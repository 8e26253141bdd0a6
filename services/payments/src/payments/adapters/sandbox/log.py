"""The sandbox's durable log: what this provider knows, whatever became of its answers.

It stands for another company's database: it has connections of its own, and nothing outside of this
package reads or writes its tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from chassis.batching import Batcher
from chassis.database import Database, Row, Session
from payments.app.provider import ProviderPayment

_CREATE = """
INSERT INTO sandbox_payment AS s (
    attempt_id, payment_id, token, status, code, amount_minor, currency, refunded_minor, calls,
    created_at, updated_at
)
SELECT i.*, 0, 1, now(), now() FROM jsonb_to_recordset(%(payments)s::jsonb) AS i (
    attempt_id uuid, payment_id uuid, token text, status text, code text, amount_minor bigint,
    currency text
)
ON CONFLICT (attempt_id) DO UPDATE SET
    calls = s.calls + 1,
    status = CASE
        WHEN s.status = 'erroring' AND s.calls >= %(errors)s THEN 'authorized' ELSE s.status
    END,
    updated_at = now()
RETURNING attempt_id, status, code, calls
"""

_FIND = "SELECT status, code, calls FROM sandbox_payment WHERE attempt_id = %(attempt_id)s"

# Rows are locked in one order, so that two batches with the same payments cannot deadlock.
_ADVANCE = """
WITH wanted AS MATERIALIZED (
    SELECT attempt_id, status, code FROM sandbox_payment
    WHERE attempt_id = ANY (%(attempt_ids)s::uuid[]) ORDER BY attempt_id FOR UPDATE
), done AS (
    UPDATE sandbox_payment s SET status = %(new)s, code = %(code)s, updated_at = now()
    FROM wanted w WHERE s.attempt_id = w.attempt_id AND w.status = %(old)s
    RETURNING s.attempt_id
)
SELECT w.attempt_id,
    CASE WHEN d.attempt_id IS NULL THEN w.status ELSE %(new)s END AS status,
    CASE WHEN d.attempt_id IS NULL THEN w.code ELSE %(code)s END AS code
FROM wanted w LEFT JOIN done d ON d.attempt_id = w.attempt_id
"""

_LOCK = """
SELECT status, amount_minor - refunded_minor AS left_minor FROM sandbox_payment
WHERE attempt_id = %(attempt_id)s FOR UPDATE
"""

_FIND_REFUND = "SELECT status FROM sandbox_refund WHERE refund_id = %(refund_id)s"

_REFUND = """
WITH paid AS (
    UPDATE sandbox_payment SET refunded_minor = refunded_minor + %(amount_minor)s,
        updated_at = now()
    WHERE attempt_id = %(attempt_id)s AND %(status)s = 'succeeded'
)
INSERT INTO sandbox_refund (refund_id, attempt_id, amount_minor, status, created_at)
VALUES (%(refund_id)s, %(attempt_id)s, %(amount_minor)s, %(status)s, now())
"""

_CAPTURES = """
SELECT attempt_id::text AS id, 'capture' AS kind, attempt_id, NULL AS refund_id, amount_minor,
    0 AS fee_minor, currency, updated_at AS at
FROM sandbox_payment
WHERE status = 'captured' AND updated_at >= %(since)s AND updated_at < %(until)s
ORDER BY updated_at
"""

_REFUNDS = """
SELECT r.refund_id::text AS id, 'refund' AS kind, r.attempt_id, r.refund_id, r.amount_minor,
    0 AS fee_minor, p.currency, r.created_at AS at
FROM sandbox_refund r JOIN sandbox_payment p USING (attempt_id)
WHERE r.status = 'succeeded' AND r.created_at >= %(since)s AND r.created_at < %(until)s
ORDER BY r.created_at
"""


@dataclass(frozen=True, slots=True)
class LoggedPayment:
    """A payment as it stands in the log."""

    status: str
    code: str
    calls: int
    """How often it was asked for."""


class SandboxLog:
    """Reads and writes the log; each write is a transaction of its own."""

    def __init__(self, db: Database, *, errors: int) -> None:
        self._db = db
        self._errors = errors
        self._creations: Batcher[tuple[ProviderPayment, str, str], LoggedPayment] = Batcher(
            self._create
        )

    async def create(self, payment: ProviderPayment, status: str, code: str) -> LoggedPayment:
        """Log a payment, or the repetition of one; after ``errors`` calls an erroring one works."""
        return await self._creations.submit((payment, status, code))

    async def find(self, attempt_id: UUID) -> LoggedPayment | None:
        """Return a payment."""
        row = await self._db.fetch_one(_FIND, {"attempt_id": attempt_id})
        return None if row is None else LoggedPayment(row["status"], row["code"], row["calls"])

    async def advance(
        self, attempt_ids: Sequence[UUID], old: str, new: str, code: str = ""
    ) -> Mapping[UUID, LoggedPayment]:
        """Move payments from one status to another; return how each that exists stands then."""
        rows = await self._db.fetch_all(
            _ADVANCE, {"attempt_ids": list(attempt_ids), "old": old, "new": new, "code": code}
        )
        return {row["attempt_id"]: LoggedPayment(row["status"], row["code"], 0) for row in rows}

    async def refund(self, attempt_id: UUID, refund_id: UUID, amount_minor: int) -> str:
        """Log a refund once; return succeeded, or failed when not that much is left."""
        async with self._db.transaction() as session:
            payment = await session.fetch_one(_LOCK, {"attempt_id": attempt_id})
            known = await self._refund_status(session, refund_id)
            if known is not None:
                return known
            if payment is None:
                return "failed"
            enough = payment["status"] == "captured" and payment["left_minor"] >= amount_minor
            status = "succeeded" if enough else "failed"
            await session.execute(
                _REFUND,
                {
                    "refund_id": refund_id,
                    "attempt_id": attempt_id,
                    "amount_minor": amount_minor,
                    "status": status,
                },
            )
            return status

    async def movements(self, since: datetime, until: datetime) -> list[list[Row]]:
        """Return the captures and the refunds of a period."""
        period = {"since": since, "until": until}
        return [await self._db.fetch_all(sql, period) for sql in (_CAPTURES, _REFUNDS)]

    async def find_refund(self, refund_id: UUID) -> str | None:
        """Return a refund's status."""
        return await self._refund_status(self._db, refund_id)

    async def _refund_status(self, statements: Database | Session, refund_id: UUID) -> str | None:
        row = await statements.fetch_one(_FIND_REFUND, {"refund_id": refund_id})
        return None if row is None else str(row["status"])

    async def _create(
        self, items: Sequence[tuple[ProviderPayment, str, str]]
    ) -> Sequence[LoggedPayment]:
        rows = await self._db.fetch_all(
            _CREATE,
            {
                "payments": orjson.dumps(
                    [
                        {
                            "attempt_id": payment.attempt_id,
                            "payment_id": payment.payment_id,
                            "token": payment.token,
                            "status": status,
                            "code": code,
                            "amount_minor": payment.amount_minor,
                            "currency": payment.currency,
                        }
                        for payment, status, code in items
                    ]
                ).decode(),
                "errors": self._errors,
            },
        )
        logged = {
            row["attempt_id"]: LoggedPayment(row["status"], row["code"], row["calls"])
            for row in rows
        }
        return [logged[payment.attempt_id] for payment, _, _ in items]
