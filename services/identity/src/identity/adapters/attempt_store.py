"""Begun logins and links on PostgreSQL."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from chassis.database import Database
from identity.domain.external_identity import ATTEMPT_LIFE, Attempt

# Whoever adds one clears away more than one: what nobody finishes cannot pile up.
_ADD = """
WITH too_old AS (
    DELETE FROM begun_login WHERE state_hash IN (
        SELECT state_hash FROM begun_login WHERE expires_at <= %(now)s
        LIMIT 10 FOR UPDATE SKIP LOCKED)
)
INSERT INTO begun_login (state_hash, client_hash, issuer, account_id, subject, expires_at)
VALUES (%(state_hash)s, %(client_hash)s, %(issuer)s, %(account_id)s, %(subject)s, %(expires_at)s)
"""

_THE_ONE = """
FROM begun_login
WHERE state_hash = %(state_hash)s AND client_hash = %(client_hash)s AND issuer = %(issuer)s
  AND account_id IS NOT DISTINCT FROM %(account_id)s::uuid AND expires_at > %(now)s
"""
# Deleting the row lets one caller through at most.
_USE = f"DELETE {_THE_ONE} AND subject IS NULL"
_CONFIRMED = f"SELECT subject {_THE_ONE}"
_USE_CONFIRMED = f"DELETE {_THE_ONE} AND subject IS NOT NULL"


class AttemptStore:
    """Keeps begun logins and links; implements identity.app.external_login_ports.Attempts."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, attempt: Attempt, now: datetime, *, subject: str | None = None) -> None:
        """Store one, confirmed if it has a subject, and forget some that are too old."""
        life = {"subject": subject, "now": now, "expires_at": now + ATTEMPT_LIFE}
        await self._db.execute(_ADD, {**asdict(attempt), **life})

    async def use(self, attempt: Attempt, now: datetime) -> bool:
        """Use one up that the issuer has not confirmed; False if there is none."""
        return await self._db.execute(_USE, {**asdict(attempt), "now": now}) == 1

    async def confirmed(self, attempt: Attempt, now: datetime) -> str | None:
        """Return whom the issuer has confirmed, if it has."""
        row = await self._db.fetch_one(_CONFIRMED, {**asdict(attempt), "now": now})
        return row["subject"] if row else None

    async def use_confirmed(self, attempt: Attempt, now: datetime) -> bool:
        """Use one up that the issuer has confirmed; False if there is none."""
        return await self._db.execute(_USE_CONFIRMED, {**asdict(attempt), "now": now}) == 1
