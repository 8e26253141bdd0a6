"""Forgets rows that nobody asks for any more, in small bites so that no lock lasts long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.database import Statements

_BITE = 5_000

_MESSAGES = """
DELETE FROM realtime_message WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM realtime_message WHERE created_at < %(before)s LIMIT %(limit)s
))
"""

_GROUPS = """
DELETE FROM realtime_group WHERE ctid = ANY (ARRAY(
    SELECT g.ctid FROM realtime_group g WHERE g.touched_at < %(before)s LIMIT %(limit)s
)) AND touched_at < %(before)s
"""

_DELIVERIES = """
DELETE FROM mail_delivery WHERE id = ANY (ARRAY(
    SELECT id FROM mail_delivery
    WHERE status = 'succeeded' AND settled_at < %(before)s LIMIT %(limit)s
))
"""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept."""

    messages: timedelta = timedelta(days=7)
    groups: timedelta = timedelta(days=400)
    """Far longer than messages: a group that was forgotten would count from 1 again."""
    deliveries: timedelta = timedelta(days=90)
    """Longer than any event can come again, because the row's key is what stops a second mail."""


async def forget_old(statements: Statements, retention: Retention, now: datetime) -> int:
    """Delete expired rows and return how many; dead mails stay for operators to see."""
    deleted = 0
    for sql, age in (
        (_MESSAGES, retention.messages),
        (_GROUPS, retention.groups),
        (_DELIVERIES, retention.deliveries),
    ):
        while True:
            count = await statements.execute(sql, {"before": now - age, "limit": _BITE})
            deleted += count
            if count < _BITE:
                break
    return deleted
