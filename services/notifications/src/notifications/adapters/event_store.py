"""Stores what batches of events mean, each kind of row with one multi-row statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import orjson

from chassis.database import Statements
from chassis.ids import format_id, new_id, parse_id
from notifications.app.ports import Effects
from notifications.domain.realtime import GroupState

_LOCK_GROUPS = """
INSERT INTO realtime_group AS g (name)
SELECT unnest(%(names)s::text[])
ON CONFLICT (name) DO UPDATE SET touched_at = now()
RETURNING g.name, g.last_sequence, g.order_version
"""
"""The names come sorted, so that two consumers lock shared groups in one order."""

_LOCALES = "SELECT account_id, locale FROM account_locale WHERE account_id = ANY(%(ids)s::uuid[])"

_SAVE_LOCALES = """
INSERT INTO account_locale AS a (account_id, locale)
SELECT * FROM unnest(%(ids)s::uuid[], %(locales)s::text[])
ON CONFLICT (account_id) DO UPDATE SET locale = excluded.locale WHERE a.locale <> excluded.locale
"""

_SAVE_MESSAGES = """
moved AS (
    UPDATE realtime_group g SET last_sequence = s.last_sequence, order_version = s.order_version
    FROM unnest(%(groups)s::text[], %(lasts)s::bigint[], %(versions)s::bigint[])
        AS s (name, last_sequence, order_version)
    WHERE g.name = s.name
), told AS (
    INSERT INTO realtime_message (group_name, sequence, body, event_id, created_at)
    SELECT m.*, %(now)s FROM unnest(
        %(m_groups)s::text[], %(m_sequences)s::bigint[], %(m_bodies)s::text[], %(m_events)s::text[]
    ) AS m
)"""

_SAVE_NOTICES = """
noticed AS (
    INSERT INTO notification
        (id, account_id, kind, subject_id, params, event_id, created_at)
    SELECT n.id, n.account_id, n.kind, n.subject_id, n.params::jsonb, n.event_id, n.created_at
    FROM unnest(
        %(n_ids)s::uuid[], %(n_accounts)s::uuid[], %(n_kinds)s::text[], %(n_subjects)s::text[],
        %(n_params)s::text[], %(n_events)s::text[], %(n_times)s::timestamptz[]
    ) AS n (id, account_id, kind, subject_id, params, event_id, created_at)
)"""

_SAVE_MAILS = """
mailed AS (
    INSERT INTO mail_delivery
        (id, dedupe_key, kind, order_id, account_id, params, next_attempt_at, created_at)
    SELECT d.id, d.dedupe_key, d.kind, d.order_id, d.account_id, d.params::jsonb, %(now)s, %(now)s
    FROM unnest(
        %(d_ids)s::uuid[], %(d_keys)s::text[], %(d_kinds)s::text[], %(d_orders)s::uuid[],
        %(d_accounts)s::uuid[], %(d_params)s::text[]
    ) AS d (id, dedupe_key, kind, order_id, account_id, params)
    ON CONFLICT (dedupe_key) DO NOTHING
)"""


class PostgresEventStore:
    """EventStore inside one transaction of a consumer."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def lock_groups(self, names: Collection[str]) -> Mapping[str, GroupState]:
        """Return how far each group has come and hold its row until the transaction ends."""
        rows = await self._statements.fetch_all(_LOCK_GROUPS, {"names": sorted(names)})
        return {r["name"]: GroupState(r["last_sequence"], r["order_version"]) for r in rows}

    async def account_locales(self, account_ids: Collection[str]) -> Mapping[str, str]:
        """Return the known languages of accounts."""
        ids = [parse_id("usr", account_id) for account_id in account_ids]
        rows = await self._statements.fetch_all(_LOCALES, {"ids": ids})
        return {format_id("usr", row["account_id"]): row["locale"] for row in rows}

    async def save_locales(self, locales: Mapping[str, str]) -> None:
        """Store the languages of accounts."""
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
            params.update(_notice_params(effects))
        if effects.mails:
            parts.append(_SAVE_MAILS)
            params.update(_mail_params(effects))
        await self._statements.execute("WITH " + ", ".join(parts) + " SELECT 1", params)


def _message_params(effects: Effects) -> dict[str, object]:
    states = effects.groups.values()
    messages = effects.messages
    return {
        "groups": list(effects.groups),
        "lasts": [state.last_sequence for state in states],
        "versions": [state.order_version for state in states],
        "m_groups": [message.group for message in messages],
        "m_sequences": [message.sequence for message in messages],
        "m_bodies": [orjson.dumps(message.body).decode() for message in messages],
        "m_events": [message.event_id for message in messages],
    }


def _notice_params(effects: Effects) -> dict[str, object]:
    notices = effects.notices
    return {
        "n_ids": [parse_id("ntf", notice.id) for notice in notices],
        "n_accounts": [parse_id("usr", notice.account_id) for notice in notices],
        "n_kinds": [notice.kind for notice in notices],
        "n_subjects": [notice.subject_id for notice in notices],
        "n_params": [orjson.dumps(dict(notice.params)).decode() for notice in notices],
        "n_events": [effects.event_id_of_notice[notice.id] for notice in notices],
        "n_times": [notice.created_at for notice in notices],
    }


def _mail_params(effects: Effects) -> dict[str, object]:
    mails = effects.mails
    return {
        "d_ids": [new_id() for _ in mails],
        "d_keys": [mail.dedupe_key for mail in mails],
        "d_kinds": [mail.kind for mail in mails],
        "d_orders": [parse_id("ord", mail.order_id) for mail in mails],
        "d_accounts": [
            parse_id("usr", mail.account_id) if mail.account_id else None for mail in mails
        ],
        "d_params": [orjson.dumps(dict(mail.params)).decode() for mail in mails],
    }
