"""Stores what batches of events mean, all rows of a batch with one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import orjson

from chassis.database import Statements
from chassis.envelope import Envelope
from chassis.ids import format_id, new_id, parse_id
from notifications.app.ports import Effects, KnownAccount
from notifications.domain.notices import MailOrdered
from notifications.domain.realtime import GroupState, user_group

_LOCK_GROUPS = """
INSERT INTO realtime_group AS g (name)
SELECT unnest(%(names)s::text[])
ON CONFLICT (name) DO UPDATE SET touched_at = now()
RETURNING g.name, g.last_sequence, g.order_version
"""
"""The names come sorted, so that two consumers lock shared groups in one order."""

_KNOWN = """
SELECT account_id, locale, deleted_at FROM account_locale WHERE account_id = ANY(%(ids)s::uuid[])
"""

_SAVE_LOCALES = """
INSERT INTO account_locale AS a (account_id, locale)
SELECT * FROM unnest(%(ids)s::uuid[], %(locales)s::text[])
ON CONFLICT (account_id) DO UPDATE SET locale = excluded.locale
WHERE a.locale <> excluded.locale AND a.deleted_at IS NULL
"""

_FORGET_ACCOUNTS = """
WITH noted AS (
    INSERT INTO account_locale (account_id, locale, deleted_at)
    SELECT unnest(%(ids)s::uuid[]), '', %(now)s
    ON CONFLICT (account_id) DO UPDATE SET locale = '', deleted_at = excluded.deleted_at
), emptied AS (
    DELETE FROM notification WHERE account_id = ANY(%(ids)s::uuid[])
)
DELETE FROM realtime_message WHERE group_name = ANY(%(groups)s::text[])
"""

# Rows travel as one JSON text: psycopg writes arrays element by element in Python, which took a
# quarter of the time that an event costs.
_SAVE_MESSAGES = """
moved AS (
    UPDATE realtime_group g SET last_sequence = s.last, order_version = s.version
    FROM json_to_recordset(%(groups)s) AS s (name text, last bigint, version bigint)
    WHERE g.name = s.name
), told AS (
    INSERT INTO realtime_message (group_name, sequence, body, event_id, created_at)
    SELECT m.name, m.sequence, m.body, m.event, %(now)s
    FROM json_to_recordset(%(messages)s)
        AS m (name text, sequence bigint, body text, event text)
)"""

_SAVE_NOTICES = """
noticed AS (
    INSERT INTO notification (id, account_id, kind, subject_id, params, event_id, created_at)
    SELECT n.id, n.account, n.kind, n.subject, n.params, n.event, n.at
    FROM json_to_recordset(%(notices)s) AS n (
        id uuid, account uuid, kind text, subject text, params jsonb, event text, at timestamptz
    )
)"""

_SAVE_MAILS = """
mailed AS (
    INSERT INTO mail_delivery
        (id, dedupe_key, kind, order_id, account_id, event_id, params, traceparent,
        next_attempt_at, created_at)
    SELECT d.id, d.key, d.kind, d.order_id, d.account, d.event, d.params, d.trace,
        %(now)s, %(now)s
    FROM json_to_recordset(%(mails)s) AS d (
        id uuid, key text, kind text, order_id uuid, account uuid, event text, params jsonb,
        trace text
    )
    ON CONFLICT (dedupe_key) DO NOTHING
)"""


class PostgresEventStore:
    """EventStore inside one transaction of a consumer, for the effects of its events."""

    def __init__(self, statements: Statements, events: Sequence[Envelope] = ()) -> None:
        self._statements = statements
        self._events = events

    async def lock_groups(self, names: Collection[str]) -> Mapping[str, GroupState]:
        """Return how far each group has come and hold its row until the transaction ends."""
        rows = await self._statements.fetch_all(_LOCK_GROUPS, {"names": sorted(names)})
        return {r["name"]: GroupState(r["last_sequence"], r["order_version"]) for r in rows}

    async def known_accounts(self, account_ids: Collection[str]) -> Mapping[str, KnownAccount]:
        """Return what is known of accounts, those that were deleted included."""
        ids = [parse_id("usr", account_id) for account_id in account_ids]
        rows = await self._statements.fetch_all(_KNOWN, {"ids": ids})
        return {
            format_id("usr", row["account_id"]): KnownAccount(
                row["locale"], deleted=row["deleted_at"] is not None
            )
            for row in rows
        }

    async def forget_accounts(self, account_ids: Collection[str], now: datetime) -> None:
        """Delete the inboxes, messages and languages of accounts, and note that they are gone."""
        ordered = sorted(set(account_ids))
        await self._statements.execute(
            _FORGET_ACCOUNTS,
            {
                "ids": [parse_id("usr", account_id) for account_id in ordered],
                "groups": [user_group(account_id) for account_id in ordered],
                "now": now,
            },
        )

    async def save_locales(self, locales: Mapping[str, str]) -> None:
        """Store the languages of accounts, but of those that were deleted."""
        ordered = sorted(locales.items())
        await self._statements.execute(
            _SAVE_LOCALES,
            {
                "ids": [parse_id("usr", account_id) for account_id, _ in ordered],
                "locales": [locale for _, locale in ordered],
            },
        )

    async def save(self, effects: Effects, now: datetime) -> None:
        """Store messages, inbox entries and mails with one statement."""
        params: dict[str, object] = {"now": now}
        parts = []
        if effects.messages:
            parts.append(_SAVE_MESSAGES)
            params.update(_message_params(effects))
        if effects.notices:
            parts.append(_SAVE_NOTICES)
            params["notices"] = _json(_notice_rows(effects))
        if effects.mails:
            parts.append(_SAVE_MAILS)
            traces = {format_id("evt", event.id): event.traceparent for event in self._events}
            params["mails"] = _json(_mail_rows(effects.mails, traces))
        await self._statements.execute("WITH " + ", ".join(parts) + " SELECT 1", params)


def _message_params(effects: Effects) -> dict[str, object]:
    return {
        "groups": _json(
            {"name": name, "last": state.last_sequence, "version": state.order_version}
            for name, state in effects.groups.items()
        ),
        "messages": _json(
            {
                "name": message.group,
                "sequence": message.sequence,
                "body": orjson.dumps(message.body).decode(),
                "event": message.event_id,
            }
            for message in effects.messages
        ),
    }


def _notice_rows(effects: Effects) -> Iterable[dict[str, object]]:
    for notice in effects.notices:
        yield {
            "id": parse_id("ntf", notice.id),
            "account": parse_id("usr", notice.account_id),
            "kind": notice.kind,
            "subject": notice.subject_id,
            "params": notice.params,
            "event": effects.event_id_of_notice[notice.id],
            "at": notice.created_at,
        }


def _mail_rows(
    mails: Iterable[MailOrdered], traces: Mapping[str, str]
) -> Iterable[dict[str, object]]:
    for mail in mails:
        yield {
            "id": new_id(),
            "key": mail.dedupe_key,
            "kind": mail.kind,
            "order_id": parse_id("ord", mail.order_id) if mail.order_id else None,
            "account": parse_id("usr", mail.account_id) if mail.account_id else None,
            "event": mail.event_id,
            "params": mail.params,
            "trace": traces.get(mail.event_id, ""),
        }


def _json(rows: Iterable[dict[str, object]]) -> str:
    return orjson.dumps(list(rows)).decode()
