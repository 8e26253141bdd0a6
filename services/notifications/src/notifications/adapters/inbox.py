"""Inbox entries in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.database import Statements
from chassis.errors import ServiceError
from chassis.ids import format_id, parse_id
from notifications.app.ports import InboxPage
from notifications.domain.notices import Notice

_PAGE = """
SELECT id, account_id, kind, subject_id, params, created_at, read_at FROM notification
WHERE account_id = %(account)s AND (%(before)s::uuid IS NULL OR id < %(before)s)
ORDER BY id DESC LIMIT %(limit)s
"""

_UNREAD = """
SELECT count(*) AS unread FROM notification WHERE account_id = %(account)s AND read_at IS NULL
"""

_MARK = """
UPDATE notification SET read_at = coalesce(read_at, %(now)s)
WHERE id = %(id)s AND account_id = %(account)s
RETURNING id, account_id, kind, subject_id, params, created_at, read_at
"""

_LOCALE = "SELECT locale FROM account_locale WHERE account_id = %(account)s"


class PostgresInbox:
    """Inbox on the service's own tables; an account sees its own rows only."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def page(self, account_id: str, before_id: str | None, limit: int) -> InboxPage:
        """Return at most ``limit`` entries older than one, newest first."""
        account = parse_id("usr", account_id)
        before = parse_id("ntf", before_id) if before_id else None
        rows = await self._statements.fetch_all(
            _PAGE, {"account": account, "before": before, "limit": limit}
        )
        unread = await self._statements.fetch_one(_UNREAD, {"account": account})
        return InboxPage([_notice(row) for row in rows], unread["unread"] if unread else 0)

    async def mark_read(self, account_id: str, notice_id: str, now: datetime) -> Notice | None:
        """Mark an entry of the account as read and return it; None if it has no such entry."""
        key = _known_id(notice_id)
        if key is None:
            return None
        row = await self._statements.fetch_one(
            _MARK, {"id": key, "account": parse_id("usr", account_id), "now": now}
        )
        return _notice(row) if row else None

    async def locale(self, account_id: str) -> str:
        """Return the language that an account registered with; empty if it is not known."""
        row = await self._statements.fetch_one(_LOCALE, {"account": parse_id("usr", account_id)})
        return str(row["locale"]) if row else ""


def _known_id(notice_id: str) -> UUID | None:
    try:
        return parse_id("ntf", notice_id)
    except ServiceError:
        return None


def _notice(row: dict[str, Any]) -> Notice:
    return Notice(
        id=format_id("ntf", row["id"]),
        account_id=format_id("usr", row["account_id"]),
        kind=row["kind"],
        subject_id=row["subject_id"],
        params=row["params"],
        created_at=row["created_at"],
        read=row["read_at"] is not None,
    )
