"""Signing keys on PostgreSQL, where every process of identity sees the same ones."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from chassis.audit_log import record
from chassis.database import Database
from identity.adapters.acts import signing_key_changed
from identity.app.ports import ChangingKeys
from identity.domain.signing_key import SigningKey

_COLUMNS = "id, public, sealed_seed, created_at, signs_from, retires_at"

_ALL = f"SELECT {_COLUMNS} FROM signing_key ORDER BY created_at, signs_from"

# Two who rotate at once wait for each other; readers do not.
_LOCK = "LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE"

_PUT = f"""
INSERT INTO signing_key ({_COLUMNS})
VALUES (%(id)s, %(public)s, %(sealed_seed)s, %(created_at)s, %(signs_from)s, %(retires_at)s)
ON CONFLICT (id) DO UPDATE SET retires_at = excluded.retires_at
"""


class SigningKeyStore:
    """Keeps signing keys; implements identity.app.ports.SigningKeys."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[SigningKey]:
        """Return every key, in the order in which they were made."""
        return [SigningKey(**row) for row in await self._db.fetch_all(_ALL)]

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[ChangingKeys]:
        """Hold the keys; at the end what was put is stored."""
        async with self._db.transaction() as transaction:
            await transaction.execute(_LOCK)
            rows = await transaction.fetch_all(_ALL)
            keys = ChangingKeys([SigningKey(**row) for row in rows])
            yield keys
            for key in keys.changed:
                await transaction.execute(_PUT, asdict(key))
                await record(transaction, signing_key_changed(key))
