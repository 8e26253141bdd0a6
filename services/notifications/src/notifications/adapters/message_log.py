"""Real-time messages in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.database import Statements
from notifications.app.ports import StoredMessage

_AFTER = """
SELECT group_name, sequence, body FROM realtime_message
WHERE group_name = %(group)s AND sequence > %(after)s ORDER BY sequence LIMIT %(limit)s
"""

_NEWEST = """
SELECT group_name, sequence, body FROM realtime_message
WHERE group_name = %(group)s ORDER BY sequence DESC LIMIT 1
"""

_LAST = "SELECT last_sequence FROM realtime_group WHERE name = %(group)s"

_SINCE = """
SELECT group_name, sequence, body FROM realtime_message
WHERE created_at >= %(since)s ORDER BY created_at, sequence LIMIT %(limit)s
"""


class PostgresMessageLog:
    """MessageLog on the service's own tables."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def after(self, group: str, sequence: int, limit: int) -> Sequence[StoredMessage]:
        """Return at most ``limit`` messages behind a sequence number, oldest first."""
        rows = await self._statements.fetch_all(
            _AFTER, {"group": group, "after": sequence, "limit": limit}
        )
        return [_message(row) for row in rows]

    async def newest(self, group: str) -> StoredMessage | None:
        """Return the newest message of a group."""
        row = await self._statements.fetch_one(_NEWEST, {"group": group})
        return _message(row) if row else None

    async def last_sequence(self, group: str) -> int:
        """Return the sequence number that a group has come to; 0 for an unknown one."""
        row = await self._statements.fetch_one(_LAST, {"group": group})
        return int(row["last_sequence"]) if row else 0

    async def told_since(self, since: datetime, limit: int) -> Sequence[StoredMessage]:
        """Return messages stored since a moment, in the order of their groups' sequences."""
        rows = await self._statements.fetch_all(_SINCE, {"since": since, "limit": limit})
        return [_message(row) for row in rows]


def _message(row: dict[str, Any]) -> StoredMessage:
    return StoredMessage(row["group_name"], row["sequence"], row["body"])
