"""What notifications says of its own data to an auditor."""

from __future__ import annotations

from typing import Final

from chassis.audit import Audit, Check, SqlCheck
from chassis.audit_events import INBOX_CHECKS, INBOX_FACTS
from chassis.database import Database

_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="mail_scheduled",
        promise="A mail is sent, scheduled or given up visibly, and never late.",
        repair="See whether a notifications process runs and the mail server answers it.",
        severity="warning",
        table="mail_delivery",
        key="id",
        rows="status = 'pending'",
        breaches="""
            SELECT id AS key, format('mail %s', id) AS subject, format('%s%s, due at %s,'
                ' tried %s times: %s', kind, ' of order ' || order_id,
                to_char(next_attempt_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), attempts,
                coalesce(last_error, 'no answer yet')) AS explanation
            FROM mail_delivery WHERE {span id} AND status = 'pending'
                AND next_attempt_at < now() - make_interval(secs => %(grace)s)
        """,
    ),
    SqlCheck(
        name="message_sequences",
        promise="The messages of a group are numbered without a gap up to its counter.",
        repair="Clients fetch the state anew; set the group's counter to its newest message.",
        severity="warning",
        table="realtime_group",
        key="name",
        key_type="text",
        # Old messages are forgotten, the oldest first.
        breaches="""
            SELECT g.name AS key, g.name AS subject, format('the counter is at %s, there are %s'
                ' messages from %s to %s', g.last_sequence, count(*), min(m.sequence),
                max(m.sequence)) AS explanation
            FROM realtime_group g JOIN realtime_message m ON m.group_name = g.name
            WHERE {span g.name} AND {span m.group_name}
                AND m.created_at > now() - interval '6 hours'
            GROUP BY g.name, g.last_sequence
            HAVING max(m.sequence) <> g.last_sequence
                OR count(*) <> g.last_sequence - min(m.sequence) + 1
        """,
    ),
)


def audit_of(db: Database) -> Audit:
    """Return what can be asked of this database."""
    return Audit(db, (*_CHECKS, *INBOX_CHECKS), (INBOX_FACTS,))
