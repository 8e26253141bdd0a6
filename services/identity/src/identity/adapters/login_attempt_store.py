"""Failed logins on PostgreSQL.

Names and addresses are kept as keyed hashes: they tell nobody who tried to log in from where.
"""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Mapping
from datetime import datetime

from chassis.database import Database
from identity.domain.login_backoff import ADDRESS, NAME, NAME_AT_ADDRESS, REMEMBERED, Claim

_KEY_BYTES = 16
_RULES = (NAME_AT_ADDRESS, ADDRESS, NAME)
"""By ``kind``, from 1; every statement locks its rows in this order."""

# From an address that is its owner's, only the name's own failures there count.
_ASKED = """
    SELECT key, kind FROM unnest(%(keys)s::bytea[], %(kinds)s::smallint[]) AS a (key, kind)
    WHERE kind = 1 OR NOT EXISTS (
        SELECT FROM known_login WHERE key = %(pair)s AND expires_at > %(now)s)
"""

# Whoever is to wait is counted nowhere. Of attempts that come at once each finds the row as the one
# before left it, so that one alone passes where one may.
_BEGIN = f"""
WITH asked AS ({_ASKED}), waiting AS (
    SELECT max(w.not_before) AS until FROM login_attempt w JOIN asked USING (key)
    WHERE w.not_before > %(now)s
), counted AS (
    INSERT INTO login_attempt AS t (key, kind, failures, as_of, not_before)
    SELECT key, kind, 1, %(now)s, '-infinity' FROM asked
    WHERE (SELECT until FROM waiting) IS NULL ORDER BY kind
    ON CONFLICT (key) DO UPDATE SET (failures, as_of, not_before) = (
        SELECT n, greatest(t.as_of, %(now)s), CASE WHEN n <= free THEN '-infinity'
            ELSE %(now)s + make_interval(secs =>
                least(longest_s, power(2, least(20, greatest(0, ceil(n - free - 1)))))) END
        FROM (SELECT (%(free)s::float8[])[t.kind] AS free,
            (%(longest)s::float8[])[t.kind] AS longest_s, 1 + greatest(0, t.failures - greatest(0,
                extract(epoch FROM %(now)s - t.as_of)) / (%(forgets)s::float8[])[t.kind]) AS n))
        WHERE t.not_before <= %(now)s
    RETURNING key
)
SELECT until, (SELECT count(*) FROM counted) = (SELECT count(*) FROM asked) AS passed FROM waiting
"""

_TAKE_BACK = f"""
WITH asked AS ({_ASKED}), locked AS MATERIALIZED (
    SELECT t.key FROM login_attempt t JOIN asked USING (key) ORDER BY t.kind FOR UPDATE OF t
)
UPDATE login_attempt t SET not_before = '-infinity',
    failures = CASE WHEN %(succeeded)s AND kind = 1 THEN 0 ELSE greatest(0, failures - 1) END
FROM locked WHERE t.key = locked.key
"""

_REMEMBER = """
INSERT INTO known_login (key, expires_at) VALUES (%(pair)s, %(expires_at)s)
ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at
"""

# A day later nothing of a count is left, whatever its kind; see the rules.
_SWEEP = """
WITH old AS (
    DELETE FROM login_attempt WHERE key IN (
        SELECT key FROM login_attempt WHERE as_of < %(now)s - interval '1 day' LIMIT %(limit)s)
    RETURNING key
), expired AS (
    DELETE FROM known_login WHERE key IN (
        SELECT key FROM known_login WHERE expires_at < %(now)s LIMIT %(limit)s)
    RETURNING key
)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM expired) AS deleted
"""


class LoginAttemptStore:
    """Keeps failed logins; implements identity.app.guarded_login.LoginAttempts."""

    def __init__(self, db: Database, secret: bytes) -> None:
        """``secret`` is the key of the hashes."""
        self._db = db
        self._secret = secret

    async def begin(self, claim: Claim, now: datetime) -> int:
        """Count an attempt as failed, or return the seconds to wait, at least 1."""
        found = await self._db.fetch_one(
            _BEGIN,
            {
                **self._params(claim, now),
                "free": [float(rule.free) for rule in _RULES],
                "forgets": [float(rule.forgets_s) for rule in _RULES],
                "longest": [float(rule.longest_s) for rule in _RULES],
            },
        )
        if found is None or found["passed"]:
            return 0
        until: datetime | None = found["until"]
        return max(1, math.ceil((until - now).total_seconds())) if until else 1

    async def withdraw(self, claim: Claim, now: datetime) -> None:
        """Take back an attempt that did not fail."""
        await self._db.execute(_TAKE_BACK, {**self._params(claim, now), "succeeded": False})

    async def succeed(self, claim: Claim, now: datetime) -> None:
        """Take back an attempt that succeeded and remember where it came from."""
        await self._db.execute(_TAKE_BACK, {**self._params(claim, now), "succeeded": True})
        await self.remember(claim, now)

    async def remember(self, claim: Claim, now: datetime) -> None:
        """Remember an address as that of a name's owner."""
        pair = self._key("at", claim.email_key, claim.client)
        await self._db.execute(_REMEMBER, {"pair": pair, "expires_at": now + REMEMBERED})

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` each of counts and addresses that are of no more use."""
        found = await self._db.fetch_one(_SWEEP, {"now": now, "limit": limit})
        return int(found["deleted"]) if found else 0

    def _params(self, claim: Claim, now: datetime) -> Mapping[str, object]:
        keys = [self._key("at", claim.email_key, claim.client)]
        kinds = [1]
        if claim.client:
            keys.append(self._key("address", claim.client))
            kinds.append(2)
        keys.append(self._key("name", claim.email_key))
        kinds.append(3)
        return {"keys": keys, "kinds": kinds, "pair": keys[0], "now": now}

    def _key(self, *parts: str) -> bytes:
        text = "\0".join(parts).encode()
        return hmac.digest(self._secret, b"login\0" + text, hashlib.sha256)[:_KEY_BYTES]
