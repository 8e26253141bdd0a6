"""Second factors and wrong proofs on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis.audit_log import RECORD
from chassis.database import Database
from chassis.outbox import OUTBOX_APPEND
from identity.adapters import acts
from identity.adapters.events import second_factor_changed
from identity.adapters.vault import KEY_ID_LENGTH
from identity.domain.second_factor import LOCK_OUT, MAX_TRIES, UNCONFIRMED_LIFE, TotpFactor

_START = """
INSERT INTO totp_factor AS f (account_id, sealed_seed, started_at)
VALUES (%(account_id)s, %(sealed_seed)s, %(now)s)
ON CONFLICT (account_id) DO UPDATE
    SET sealed_seed = excluded.sealed_seed, started_at = excluded.started_at
    WHERE f.confirmed_at IS NULL
"""

_FIND = """
SELECT sealed_seed, confirmed_at IS NOT NULL AS confirmed, last_step
FROM totp_factor WHERE account_id = %(account_id)s
"""

_FORGET_TRIES = "DELETE FROM proof_tries WHERE account_id = %(account_id)s"

# The seed that the code was checked against stands in the condition: whoever starts anew meanwhile
# is not confirmed by a code of the old seed.
_CONFIRM = f"""
WITH confirmed AS (
    UPDATE totp_factor SET confirmed_at = %(now)s, last_step = %(step)s
    WHERE account_id = %(account_id)s AND sealed_seed = %(sealed_seed)s AND confirmed_at IS NULL
    RETURNING account_id
), codes AS (
    INSERT INTO recovery_code (account_id, hash)
    SELECT account_id, unnest(%(hashes)s::bytea[]) FROM confirmed
), calmed AS (
    {_FORGET_TRIES} AND EXISTS (SELECT FROM confirmed)
)
SELECT {OUTBOX_APPEND}, {RECORD} FROM confirmed
"""

# Callers with the same step meet at the row: whoever comes second waits, and finds it taken.
_ACCEPT_STEP = f"""
WITH accepted AS (
    UPDATE totp_factor SET last_step = %(step)s
    WHERE account_id = %(account_id)s AND sealed_seed = %(sealed_seed)s
      AND confirmed_at IS NOT NULL AND last_step < %(step)s
    RETURNING account_id
), calmed AS (
    {_FORGET_TRIES} AND EXISTS (SELECT FROM accepted)
)
SELECT account_id FROM accepted
"""

_USE_RECOVERY_CODE = f"""
WITH used AS (
    DELETE FROM recovery_code WHERE account_id = %(account_id)s AND hash = %(hash)s
    RETURNING account_id
), calmed AS (
    {_FORGET_TRIES} AND EXISTS (SELECT FROM used)
)
SELECT account_id, {RECORD} FROM used
"""

_REMOVE = f"""
WITH removed AS (
    DELETE FROM totp_factor WHERE account_id = %(account_id)s
    RETURNING confirmed_at IS NOT NULL AS confirmed
)
SELECT confirmed, CASE WHEN confirmed THEN {OUTBOX_APPEND} END,
    CASE WHEN confirmed THEN {RECORD} END
FROM removed
"""

_CONFIRMED_SINCE = """
SELECT account_id FROM totp_factor WHERE confirmed_at >= %(moment)s
ORDER BY confirmed_at DESC LIMIT %(limit)s
"""

# The one place that counts: the row's lock lets tries through one after the other.
_TAKE_TRY = """
INSERT INTO proof_tries AS t (account_id, tries, reset_at)
VALUES (%(account_id)s, 1, %(reset_at)s)
ON CONFLICT (account_id) DO UPDATE
    SET tries = CASE WHEN t.reset_at <= %(now)s THEN 1 ELSE t.tries + 1 END,
        reset_at = excluded.reset_at
    WHERE t.reset_at <= %(now)s OR t.tries < %(most)s
"""

_LOCKED_UNTIL = "SELECT reset_at FROM proof_tries WHERE account_id = %(account_id)s"

_SEALED_WITH = f"""
SELECT account_id, sealed_seed FROM totp_factor
WHERE substring(sealed_seed FROM 1 FOR {KEY_ID_LENGTH}) = ANY(%(key_ids)s::bytea[])
LIMIT %(limit)s
"""

_REPLACE_SEAL = """
UPDATE totp_factor SET sealed_seed = %(new)s
WHERE account_id = %(account_id)s AND sealed_seed = %(old)s
"""

_SWEEPS = (
    """
DELETE FROM totp_factor WHERE account_id IN (
    SELECT account_id FROM totp_factor
    WHERE confirmed_at IS NULL AND started_at <= %(begun_before)s LIMIT %(limit)s)
  AND confirmed_at IS NULL AND started_at <= %(begun_before)s
""",
    """
DELETE FROM proof_tries WHERE account_id IN (
    SELECT account_id FROM proof_tries WHERE reset_at <= %(now)s LIMIT %(limit)s)
  AND reset_at <= %(now)s
""",
)


class SecondFactorStore:
    """Keeps factors, recovery codes and tries; implements identity.app.ports.SecondFactors."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def start(self, account_id: UUID, sealed_seed: bytes, now: datetime) -> bool:
        """Store a seed to be confirmed; False if one is confirmed."""
        stored = await self._db.execute(
            _START, {"account_id": account_id, "sealed_seed": sealed_seed, "now": now}
        )
        return stored == 1

    async def find(self, account_id: UUID) -> TotpFactor | None:
        """Return the account's factor, confirmed or not."""
        row = await self._db.fetch_one(_FIND, {"account_id": account_id})
        return TotpFactor(**row) if row else None

    async def confirm(
        self,
        account_id: UUID,
        factor: TotpFactor,
        step: int,
        recovery_hashes: Sequence[bytes],
        now: datetime,
    ) -> bool:
        """Let the factor count; False if it was confirmed or replaced meanwhile."""
        row = await self._db.fetch_one(
            _CONFIRM,
            {
                "account_id": account_id,
                "sealed_seed": factor.sealed_seed,
                "step": step,
                "hashes": list(recovery_hashes),
                "now": now,
                **second_factor_changed(account_id, enabled=True).params(),
                **acts.second_factor_set(account_id).params(),
            },
        )
        if row is None:
            return False
        self._told()
        return True

    async def accept_step(self, account_id: UUID, factor: TotpFactor, step: int) -> bool:
        """Use up the codes up to a step; one caller at most gets True."""
        params = {"account_id": account_id, "sealed_seed": factor.sealed_seed, "step": step}
        return await self._db.fetch_one(_ACCEPT_STEP, params) is not None

    async def use_recovery_code(self, account_id: UUID, code_hash: bytes) -> bool:
        """Use a recovery code up: deleting its row lets one caller through at most."""
        act = acts.recovery_code_used(account_id)
        params = {"account_id": account_id, "hash": code_hash, **act.params()}
        return await self._db.fetch_one(_USE_RECOVERY_CODE, params) is not None

    async def remove(self, account_id: UUID) -> bool:
        """Forget the factor and its codes; False if there is none."""
        event = second_factor_changed(account_id, enabled=False)
        act = acts.second_factor_removed(account_id)
        row = await self._db.fetch_one(
            _REMOVE, {"account_id": account_id, **event.params(), **act.params()}
        )
        if row is None:
            return False
        if row["confirmed"]:
            self._told()
        return True

    async def confirmed_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the accounts that set their factor lately, the newest first."""
        rows = await self._db.fetch_all(_CONFIRMED_SINCE, {"moment": moment, "limit": limit})
        return [row["account_id"] for row in rows]

    async def take_try(self, account_id: UUID, now: datetime) -> datetime | None:
        """Count a try; return when the lock-out ends if there were too many."""
        params = {
            "account_id": account_id,
            "now": now,
            "reset_at": now + LOCK_OUT,
            "most": MAX_TRIES,
        }
        if await self._db.execute(_TAKE_TRY, params):
            return None
        row = await self._db.fetch_one(_LOCKED_UNTIL, params)
        locked_until: datetime | None = row["reset_at"] if row else None
        return locked_until

    async def forget_tries(self, account_id: UUID) -> None:
        """Count from zero again."""
        await self._db.execute(_FORGET_TRIES, {"account_id": account_id})

    async def sealed_with(
        self, key_ids: Sequence[bytes], limit: int
    ) -> Sequence[tuple[UUID, bytes]]:
        """Return accounts whose seeds are sealed with one of the keys, and the sealed seeds."""
        rows = await self._db.fetch_all(_SEALED_WITH, {"key_ids": list(key_ids), "limit": limit})
        return [(row["account_id"], row["sealed_seed"]) for row in rows]

    async def replace_seal(self, account_id: UUID, old: bytes, new: bytes) -> bool:
        """Store the same seed sealed anew; False if another stands there."""
        params = {"account_id": account_id, "old": old, "new": new}
        return await self._db.execute(_REPLACE_SEAL, params) == 1

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete seeds that nobody confirmed and lock-outs that ended."""
        params = {"now": now, "begun_before": now - UNCONFIRMED_LIFE, "limit": limit}
        return sum([await self._db.execute(statement, params) for statement in _SWEEPS])
