"""The audit log: security-relevant acts, each written in the transaction of the act itself.

Rows are only ever added; triggers refuse every change and every deletion of a row that is younger
than 400 days. An entry says who did what to whom, when, from where, and how it ended. It holds ids
and addresses, never a secret, an e-mail address or a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from chassis.context import current, current_trace_id
from chassis.database import Row, Statements
from chassis.ids import new_id
from chassis.retention import oldest_id_since

COMMAND_LINE = "command-line"
"""The actor of what was done by a command beside the process, by whoever operates the machine."""
RETENTION = timedelta(days=400)

_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody did, or tried to do.

    ``name`` is past tense ("role_granted"), ``subject`` the id of the account or thing that it was
    done to, ``actor`` the id of who did it, by default whoever calls.
    """

    name: str
    subject: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    outcome: Literal["succeeded", "failed", "refused"] = "succeeded"
    actor: str = ""
    session: str = ""
    id: UUID = field(default_factory=new_id)

    def params(self, prefix: str = "act") -> dict[str, object]:
        """Return the parameters that ``record_call(prefix)`` names, with the caller's facts."""
        context = current()
        caller = context.actor
        return {
            f"{prefix}_id": self.id,
            f"{prefix}_name": self.name,
            f"{prefix}_outcome": self.outcome,
            f"{prefix}_actor": self.actor or caller.account_id or caller.service,
            f"{prefix}_session": self.session or caller.session_id,
            f"{prefix}_subject": self.subject,
            f"{prefix}_address": context.client_address,
            f"{prefix}_trace": current_trace_id(),
            f"{prefix}_detail": dict(self.detail),
        }


def record_call(prefix: str = "act") -> str:
    """Return the SQL call that records an act, for the final SELECT of a statement.

    It runs once for each row that the SELECT returns, so that what did not happen is not recorded.
    """
    names = ("id", "name", "outcome", "actor", "session", "subject", "address", "trace", "detail")
    return f"audit_log_append({', '.join(f'%({prefix}_{name})s' for name in names)})"


RECORD = record_call()
_RECORD = f"SELECT {RECORD}"

_RECORD_BOUNDED = f"""
SELECT {RECORD}
WHERE (SELECT count(*) FROM (
        SELECT FROM audit_log WHERE act = %(act_name)s AND id >= %(since)s LIMIT %(most)s
    ) AS all_of_them) < %(most)s
  AND (SELECT count(*) FROM (
        SELECT FROM audit_log
        WHERE act = %(act_name)s AND id >= %(since)s
          AND subject = %(act_subject)s AND address = %(act_address)s
        LIMIT %(most_alike)s
    ) AS alike) < %(most_alike)s
"""  # noqa: S608 - put together from constants of this code

_LIST = """
SELECT id, at, act, outcome, actor, session, subject, address, trace_id, detail FROM audit_log
WHERE id < %(before)s AND id >= %(since)s
  AND (%(account)s::text = '' OR actor = %(account)s::text OR subject = %(account)s::text)
  AND (%(act)s::text = '' OR act = %(act)s::text)
ORDER BY id DESC LIMIT %(limit)s
"""

_SWEEP = """
DELETE FROM audit_log WHERE id IN (
    SELECT id FROM audit_log WHERE id < %(kept_since)s ORDER BY id LIMIT %(limit)s)
"""


async def record(statements: Statements, act: Act) -> None:
    """Record an act in the caller's transaction."""
    await statements.fetch_one(_RECORD, act.params())


async def record_bounded(
    statements: Statements,
    act: Act,
    now: datetime,
    *,
    most: int = 2000,
    most_alike: int = 20,
    window: timedelta = timedelta(hours=1),
) -> None:
    """Record an act that strangers can provoke, but not as often as they like.

    In a window there are at most ``most`` entries of its name, and ``most_alike`` of the same
    subject and address.
    """
    await statements.fetch_one(
        _RECORD_BOUNDED,
        {
            **act.params(),
            "since": oldest_id_since(now - window),
            "most": most,
            "most_alike": most_alike,
        },
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are asked for; an empty text or None stands for any."""

    account: str = ""
    """Who did it, or to whom it was done."""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    """The last entry that was seen."""


async def entries(statements: Statements, wanted: Filter, now: datetime, limit: int) -> list[Row]:
    """Return the newest entries that are asked for, newest first."""
    end = _first_id_of(wanted.until or now + _SOON)
    return await statements.fetch_all(
        _LIST,
        {
            "account": wanted.account,
            "act": wanted.act,
            "since": _first_id_of(wanted.since) if wanted.since else UUID(int=0),
            "before": min(end, wanted.before) if wanted.before else end,
            "limit": limit,
        },
    )


def _first_id_of(moment: datetime) -> UUID:
    # No id is older than its epoch.
    return oldest_id_since(max(moment, datetime.fromtimestamp(0, UTC)))


async def sweep(statements: Statements, now: datetime, limit: int) -> int:
    """Delete at most ``limit`` entries that were kept long enough; return how many."""
    return await statements.execute(
        _SWEEP, {"kept_since": oldest_id_since(now - RETENTION - _SOON), "limit": limit}
    )
