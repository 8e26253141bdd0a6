"""What was told of an order, from the rows of mails and of the inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.database import Statements
from chassis.ids import format_id, parse_id
from notifications.app.ports import Told

_OF_ORDER = """
SELECT created_at AS at, 'mail' AS name, kind, status, event_id, id, settled_at, attempts
FROM mail_delivery WHERE order_id = %(order_id)s
UNION ALL
SELECT created_at, 'inbox', kind, CASE WHEN read_at IS NULL THEN 'unread' ELSE 'read' END,
    event_id, id, read_at, 0
FROM notification WHERE account_id = %(account_id)s AND subject_id = %(subject)s
ORDER BY at
"""


class PostgresNoticeHistory:
    """NoticeHistory on PostgreSQL."""

    def __init__(self, db: Statements) -> None:
        self._db = db

    async def of_order(self, order_id: str, account_id: str) -> Sequence[Told]:
        """Return an order's mails and its buyer's inbox entries, oldest first."""
        params = {
            "order_id": parse_id("ord", order_id),
            "account_id": parse_id("usr", account_id) if account_id else None,
            "subject": order_id,
        }
        return [_told(row) for row in await self._db.fetch_all(_OF_ORDER, params)]


def _told(row: Mapping[str, Any]) -> Told:
    detail = {"kind": row["kind"], "event_id": row["event_id"]}
    if row["name"] == "inbox":
        detail["id"] = format_id("ntf", row["id"])
    else:
        detail["attempts"] = str(row["attempts"])
    if row["settled_at"] is not None:
        detail["settled_at"] = row["settled_at"].isoformat()
    return Told(row["at"], row["name"], row["status"], detail)
