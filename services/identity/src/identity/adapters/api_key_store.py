"""API keys on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.audit_log import RECORD, record
from chassis.database import Database
from chassis.outbox import OUTBOX_APPEND
from identity.adapters import acts
from identity.adapters.account_rows import ACCOUNT, to_account
from identity.adapters.events import api_key_revoked
from identity.app.ports import UsedKey
from identity.domain.api_key import MAX_KEYS, ApiKey
from identity.domain.errors import SessionEnded, TooManyApiKeys
from identity.domain.session import KEPT_AFTER_END

_USE_IS_TOLD_EVERY = timedelta(minutes=5)
_KEY = "id, account_id, name, prefix, scopes, created_at, expires_at, last_used_at"

# Who makes two keys at once waits here, so that both are counted.
_LOCK = """
SELECT id FROM account WHERE id = %(account_id)s AND deleted_at IS NULL FOR NO KEY UPDATE
"""

_COUNT = """
SELECT count(*) AS keys FROM api_key WHERE account_id = %(account_id)s AND revoked_at IS NULL
"""

_ADD = """
INSERT INTO api_key (id, account_id, name, hash, prefix, scopes, created_at, expires_at)
VALUES (%(id)s, %(account_id)s, %(name)s, %(hash)s, %(prefix)s, %(scopes)s::text[],
        %(created_at)s, %(expires_at)s)
"""

_OF_ACCOUNT = f"""
SELECT {_KEY} FROM api_key WHERE account_id = %(account_id)s AND revoked_at IS NULL
ORDER BY id DESC
"""

_REVOKE = f"""
WITH revoked AS (
    UPDATE api_key SET revoked_at = %(now)s
    WHERE id = %(id)s AND account_id = %(account_id)s AND revoked_at IS NULL
    RETURNING id
)
SELECT {OUTBOX_APPEND}, {RECORD} FROM revoked
"""

_USE = f"""
WITH used AS (
    SELECT * FROM api_key
    WHERE hash = %(hash)s AND revoked_at IS NULL AND expires_at > %(now)s
), noted AS (
    UPDATE api_key SET last_used_at = %(now)s
    WHERE id = (SELECT id FROM used WHERE coalesce(last_used_at, '-infinity') <= %(told_since)s)
)
SELECT k.id AS key_id, k.account_id, k.name AS key_name, k.prefix, k.scopes, k.created_at,
    k.expires_at, k.last_used_at, {ACCOUNT}
FROM used k JOIN account a ON a.id = k.account_id
"""

_REVOKED_SINCE = """
SELECT id FROM api_key WHERE revoked_at >= %(moment)s
ORDER BY revoked_at DESC LIMIT %(limit)s
"""

_SWEEP = """
DELETE FROM api_key WHERE id IN (
    SELECT id FROM api_key
    WHERE expires_at <= %(kept_since)s OR revoked_at <= %(kept_since)s LIMIT %(limit)s)
"""


class ApiKeyStore:
    """Keeps API keys; implements identity.app.ports.ApiKeys."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        """Store a key; raises TooManyApiKeys, and SessionEnded when the account is gone."""
        params = {
            "id": key.id,
            "account_id": key.account_id,
            "name": key.name,
            "hash": secret_hash,
            "prefix": key.prefix,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        async with self._db.transaction() as transaction:
            if await transaction.fetch_one(_LOCK, params) is None:
                raise SessionEnded
            counted = await transaction.fetch_one(_COUNT, params)
            if counted is None or counted["keys"] >= MAX_KEYS:
                raise TooManyApiKeys
            await transaction.execute(_ADD, params)
            await record(transaction, acts.api_key_made(key))

    async def of_account(self, account_id: UUID) -> Sequence[ApiKey]:
        """Return the keys that are not revoked, the newest first."""
        rows = await self._db.fetch_all(_OF_ACCOUNT, {"account_id": account_id})
        return [_to_key(row) for row in rows]

    async def revoke(self, account_id: UUID, key_id: UUID, now: datetime) -> bool:
        """Revoke a key of the account; False if there is none."""
        row = await self._db.fetch_one(
            _REVOKE,
            {
                "id": key_id,
                "account_id": account_id,
                "now": now,
                **api_key_revoked(key_id, account_id).params(),
                **acts.api_key_revoked(key_id, account_id).params(),
            },
        )
        if row is None:
            return False
        self._told()
        return True

    async def use(self, secret_hash: bytes, now: datetime) -> UsedKey | None:
        """Return a key that works, with its account, and note now and then that it was used."""
        row = await self._db.fetch_one(
            _USE, {"hash": secret_hash, "now": now, "told_since": now - _USE_IS_TOLD_EVERY}
        )
        if row is None:
            return None
        key = _to_key({**row, "id": row["key_id"], "name": row["key_name"]})
        return UsedKey(key, to_account(row))

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the keys that were revoked at that moment or later, the newest first."""
        rows = await self._db.fetch_all(_REVOKED_SINCE, {"moment": moment, "limit": limit})
        return [row["id"] for row in rows]

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` keys that ended long ago; return how many."""
        return await self._db.execute(_SWEEP, {"kept_since": now - KEPT_AFTER_END, "limit": limit})


def _to_key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
