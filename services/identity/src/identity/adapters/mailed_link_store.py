"""Mailed links on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis.audit_log import record
from chassis.database import Database
from chassis.outbox import OUTBOX_APPEND, append
from identity.adapters import acts
from identity.adapters.account_rows import ACCOUNT, to_account
from identity.adapters.events import (
    email_verification_requested,
    password_changed,
    password_reset_requested,
)
from identity.adapters.session_endings import end_sessions
from identity.app.link_ports import MintedLink
from identity.domain.account import Account
from identity.domain.mailed_link import (
    EMAIL_VERIFICATION,
    KEPT_FOR,
    MAILED_PER,
    MAILED_WITHIN,
    MAX_MAILED,
    PASSWORD_RESET,
    TOKEN_LIFE,
    NewLink,
)

# The same rows are written for an address that nobody has. No foreign key is checked, which would
# take a moment longer for one that somebody has.
_ASK_RESET = f"""
WITH asked AS (
    INSERT INTO mailed_link (id, purpose, account_id, requested_at)
    VALUES (%(id)s, %(purpose)s, (SELECT id FROM account WHERE email_key = %(email_key)s), %(now)s)
    RETURNING id
)
SELECT {OUTBOX_APPEND} FROM asked
"""

_ASK_VERIFICATION = f"""
WITH asked AS (
    INSERT INTO mailed_link (id, purpose, account_id, requested_at)
    VALUES (%(id)s, %(purpose)s, %(account_id)s, %(now)s)
    RETURNING id
)
SELECT {OUTBOX_APPEND} FROM asked
"""

# Mints for one account wait for each other here, so that each sees what was mailed before.
_LOCK = f"""
SELECT l.purpose, {ACCOUNT} FROM mailed_link l JOIN account a ON a.id = l.account_id
WHERE l.id = %(id)s AND a.deleted_at IS NULL FOR NO KEY UPDATE OF a
"""

_MINT = """
WITH minted AS (
    UPDATE mailed_link l SET mailed_at = coalesce(mailed_at, %(now)s)
    WHERE l.id = %(id)s AND ended_at IS NULL AND requested_at > %(oldest)s
      AND (mailed_at IS NOT NULL OR %(most)s > (
          SELECT count(*) FROM mailed_link o
          WHERE o.account_id = l.account_id AND o.purpose = l.purpose AND o.mailed_at > %(since)s))
    RETURNING id, account_id, purpose, requested_at
), issued AS (
    INSERT INTO mailed_link_token (hash, link_id, expires_at)
    SELECT %(token)s, id, %(expires_at)s FROM minted
), older AS (
    UPDATE mailed_link o SET ended_at = %(now)s FROM minted m
    WHERE o.account_id = m.account_id AND o.purpose = m.purpose AND o.ended_at IS NULL
      AND (o.requested_at, o.id) < (m.requested_at, m.id)
)
SELECT id FROM minted
"""

_ACCOUNT_OF = f"""
SELECT {ACCOUNT}
FROM mailed_link_token t JOIN mailed_link l ON l.id = t.link_id
    JOIN account a ON a.id = l.account_id
WHERE t.hash = %(token)s AND t.expires_at > %(now)s
  AND l.purpose = %(purpose)s AND l.ended_at IS NULL
"""

# Whatever ends links waits at the account first. Callers with tokens of one link meet there:
# whoever comes second waits and finds the link ended.
_USED = """
held AS MATERIALIZED (
    SELECT l.id FROM mailed_link_token t JOIN mailed_link l ON l.id = t.link_id
        JOIN account a ON a.id = l.account_id
    WHERE t.hash = %(token)s AND t.expires_at > %(now)s AND l.purpose = %(purpose)s
    FOR NO KEY UPDATE OF a
), used AS (
    UPDATE mailed_link l SET ended_at = %(now)s FROM held
    WHERE l.id = held.id AND l.ended_at IS NULL
    RETURNING l.account_id
), verified AS (
    UPDATE account a SET email_verified_at = coalesce(a.email_verified_at, %(now)s)
    FROM used WHERE a.id = used.account_id
)
"""

_RESET = f"""
WITH {_USED}, changed AS (
    INSERT INTO password_credential (account_id, hash, changed_at)
    SELECT account_id, %(password_hash)s, %(now)s FROM used
    ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
)
SELECT account_id FROM used
"""

_VERIFY = f"WITH {_USED} SELECT account_id FROM used"

_SWEEP = """
DELETE FROM mailed_link WHERE id IN (
    SELECT id FROM mailed_link WHERE requested_at <= %(before)s LIMIT %(limit)s)
"""


class MailedLinkStore:
    """Keeps mailed links; implements identity.app.link_ports.MailedLinks."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def ask_reset(self, link: NewLink, email_key: str) -> None:
        """Store that somebody wants to reset the password of an address."""
        await self._db.fetch_one(
            _ASK_RESET,
            {
                "id": link.id,
                "purpose": PASSWORD_RESET,
                "email_key": email_key,
                "now": link.requested_at,
                **password_reset_requested(link.id).params(),
            },
        )
        self._told()

    async def ask_verification(self, link: NewLink, account_id: UUID) -> None:
        """Store that an account's address is to be verified."""
        await self._db.fetch_one(
            _ASK_VERIFICATION,
            {
                "id": link.id,
                "purpose": EMAIL_VERIFICATION,
                "account_id": account_id,
                "now": link.requested_at,
                **email_verification_requested(link.id).params(),
            },
        )
        self._told()

    async def mint(self, link_id: UUID, token_hash: bytes, now: datetime) -> MintedLink | None:
        """Give a link one more token, and end the account's older links of the purpose."""
        async with self._db.transaction() as transaction:
            row = await transaction.fetch_one(_LOCK, {"id": link_id})
            if row is None or (row["purpose"] == EMAIL_VERIFICATION and row["email_verified"]):
                return None
            minted = MintedLink(to_account(row), row["purpose"], TOKEN_LIFE[row["purpose"]])
            params = {
                "id": link_id,
                "token": token_hash,
                "now": now,
                "expires_at": now + minted.life,
                "oldest": now - MAILED_WITHIN,
                "since": now - MAILED_PER,
                "most": MAX_MAILED,
            }
            return minted if await transaction.fetch_one(_MINT, params) else None

    async def account_of(self, token_hash: bytes, purpose: str, now: datetime) -> Account | None:
        """Return the account that a token which works was mailed to."""
        row = await self._db.fetch_one(
            _ACCOUNT_OF, {"token": token_hash, "purpose": purpose, "now": now}
        )
        return to_account(row) if row else None

    async def reset_password(
        self, token_hash: bytes, password_hash: str, now: datetime
    ) -> Sequence[UUID] | None:
        """Use a link up, store a password and end every session; return which were open."""
        params = {
            "token": token_hash,
            "purpose": PASSWORD_RESET,
            "password_hash": password_hash,
            "now": now,
        }
        async with self._db.transaction() as transaction:
            row = await transaction.fetch_one(_RESET, params)
            if row is None:
                return None
            await record(transaction, acts.password_reset(row["account_id"]))
            ended = await end_sessions(transaction, row["account_id"], "password_reset", now)
            await append(transaction, password_changed(row["account_id"]))
        self._told()
        return ended

    async def verify_email(self, token_hash: bytes, now: datetime) -> bool:
        """Use a link up and note that the address is verified; False if the token works no more."""
        params = {"token": token_hash, "purpose": EMAIL_VERIFICATION, "now": now}
        async with self._db.transaction() as transaction:
            row = await transaction.fetch_one(_VERIFY, params)
            if row is not None:
                await record(transaction, acts.email_verified(row["account_id"]))
        return row is not None

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` links that are of no more use; return how many."""
        return await self._db.execute(_SWEEP, {"before": now - KEPT_FOR, "limit": limit})
