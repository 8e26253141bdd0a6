"""Mails that wait to be sent, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis.database import Statements
from chassis.ids import format_id
from notifications.domain.deliveries import Delivery

_CLAIM = """
UPDATE mail_delivery d
SET attempts = d.attempts + 1, next_attempt_at = %(until)s
FROM (
    SELECT id FROM mail_delivery WHERE status = 'pending' AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) due
WHERE d.id = due.id
RETURNING d.id, d.kind, d.order_id, d.account_id, d.params, d.attempts,
    d.traceparent
"""

_SUCCEED = """
UPDATE mail_delivery SET status = 'succeeded', settled_at = %(now)s, last_error = NULL
WHERE id = %(id)s AND status = 'pending'
"""
"""Not bound to the attempt: whoever claimed it since, the mail was accepted."""

_RETRY = """
UPDATE mail_delivery SET next_attempt_at = %(at)s, last_error = %(error)s
WHERE id = %(id)s AND status = 'pending' AND attempts = %(attempts)s
"""

_BURY = """
UPDATE mail_delivery SET status = 'dead', settled_at = %(now)s, last_error = %(error)s
WHERE id = %(id)s AND status = 'pending' AND attempts = %(attempts)s
"""
"""Retry and bury are bound to the attempt: one whose lease ran out has no say any more."""

_DROP = "DELETE FROM mail_delivery WHERE id = %(id)s AND status = 'pending'"

_BACKLOG = """
SELECT count(*) AS mails, min(created_at) AS since FROM mail_delivery WHERE status = 'pending'
"""

_ERROR_LENGTH = 300


class PostgresDeliveryQueue:
    """DeliveryQueue on the service's own tables; each call is one statement."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def claim(self, now: datetime, lease_s: float, limit: int) -> Sequence[Delivery]:
        """Count an attempt of due deliveries and keep them from others for the lease."""
        until = now + timedelta(seconds=lease_s)
        rows = await self._statements.fetch_all(
            _CLAIM, {"now": now, "until": until, "limit": limit}
        )
        return [
            Delivery(
                id=row["id"],
                kind=row["kind"],
                order_id=format_id("ord", row["order_id"]) if row["order_id"] else "",
                account_id=format_id("usr", row["account_id"]) if row["account_id"] else "",
                params=row["params"],
                attempts=row["attempts"],
                traceparent=row["traceparent"],
            )
            for row in rows
        ]

    async def succeed(self, delivery_id: UUID, now: datetime) -> None:
        """Note that a mail was accepted."""
        await self._statements.execute(_SUCCEED, {"id": delivery_id, "now": now})

    async def retry(self, delivery: Delivery, at: datetime, error: str) -> None:
        """Note why an attempt failed and when the next one is due."""
        await self._statements.execute(_RETRY, {"at": at, **_attempt(delivery, error)})

    async def bury(self, delivery: Delivery, now: datetime, error: str) -> None:
        """Note why a mail is given up."""
        await self._statements.execute(_BURY, {"now": now, **_attempt(delivery, error)})

    async def drop(self, delivery: Delivery) -> None:
        """Forget a mail that is not to be sent; the inbox knows that its event was heard."""
        await self._statements.execute(_DROP, {"id": delivery.id})

    async def backlog(self) -> tuple[int, datetime | None]:
        """Return how many mails are not sent yet, and since when the oldest is to be."""
        row = await self._statements.fetch_one(_BACKLOG)
        return (row["mails"], row["since"]) if row is not None else (0, None)


def _attempt(delivery: Delivery, error: str) -> dict[str, object]:
    return {
        "id": delivery.id,
        "attempts": delivery.attempts,
        "error": error[:_ERROR_LENGTH],
    }
