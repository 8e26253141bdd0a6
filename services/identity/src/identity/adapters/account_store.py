"""Accounts on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from chassis.audit_log import RECORD, record, record_bounded
from chassis.database import Database
from chassis.ids import new_id
from chassis.outbox import append, append_call
from identity.adapters import acts
from identity.adapters.account_rows import ACCOUNT, to_account
from identity.adapters.admins import require_other_admin
from identity.adapters.events import (
    account_registered,
    email_verification_requested,
    password_changed,
    role_granted,
)
from identity.adapters.new_session_rows import OPENED_WITH_ACCOUNT, session_params
from identity.adapters.session_endings import end_sessions
from identity.app.ports import Credentials
from identity.domain.account import ADMIN, Account, email_key
from identity.domain.errors import EmailTaken
from identity.domain.mailed_link import EMAIL_VERIFICATION
from identity.domain.session import NewSession

_EMAIL_CONSTRAINT = "account_email_key_key"

_REGISTER = f"""
WITH made AS (
    INSERT INTO account (id, email, email_key, name, locale, created_at, updated_at)
    VALUES (%(account_id)s, %(email)s, %(email_key)s, %(name)s, %(locale)s, %(now)s, %(now)s)
    RETURNING id
), secret AS (
    INSERT INTO password_credential (account_id, hash, changed_at)
    SELECT id, %(password_hash)s, %(now)s FROM made
), {OPENED_WITH_ACCOUNT}, link AS (
    INSERT INTO mailed_link (id, purpose, account_id, requested_at)
    SELECT %(verification_id)s, %(verification)s, id, %(now)s FROM made
)
SELECT {append_call("registered")}, {append_call("asked")}, {RECORD} FROM made
"""

_CREDENTIALS = """
SELECT c.account_id, c.hash AS password_hash, c.changed_at, EXISTS (
    SELECT FROM totp_factor f
    WHERE f.account_id = c.account_id AND f.confirmed_at IS NOT NULL) AS second_factor
FROM account a JOIN password_credential c ON c.account_id = a.id
"""
_CREDENTIALS_OF = _CREDENTIALS + "WHERE a.email_key = %(email_key)s"
_CREDENTIALS_FOR = _CREDENTIALS + "WHERE a.id = %(account_id)s"

_REPLACE_HASH = """
UPDATE password_credential SET hash = %(new)s WHERE account_id = %(account_id)s AND hash = %(old)s
"""

_FIND = f"SELECT {ACCOUNT} FROM account a WHERE a.id = %(account_id)s AND a.deleted_at IS NULL"

_REPLACE_BY_NEW = """
UPDATE password_credential SET hash = %(new)s, changed_at = %(now)s
WHERE account_id = %(account_id)s AND hash = %(old)s
"""

_FIND_BY_EMAIL = f"SELECT {ACCOUNT} FROM account a WHERE a.email_key = %(email_key)s"

_OF_SESSION = f"""
SELECT {ACCOUNT} FROM session o JOIN account a ON a.id = o.account_id
WHERE o.id = %(session_id)s AND o.account_id = %(account_id)s
  AND o.revoked_at IS NULL AND o.expires_at > %(now)s
"""

_CHANGE_PROFILE = f"""
WITH a AS (
    UPDATE account SET name = coalesce(%(name)s::text, name),
        locale = coalesce(%(locale)s::text, locale), updated_at = %(now)s
    WHERE id = %(account_id)s AND deleted_at IS NULL RETURNING *
)
SELECT {ACCOUNT} FROM a
"""

_REPLACE_ROLES = """
UPDATE account SET granted_roles = %(granted)s::text[], updated_at = %(now)s
WHERE id = %(account_id)s AND granted_roles <> %(granted)s::text[] AND deleted_at IS NULL
"""


_LOCK_ROLES = "SELECT granted_roles FROM account WHERE id = %(account_id)s FOR NO KEY UPDATE"


class AccountStore:
    """Keeps accounts and their passwords; implements identity.app.ports.Accounts."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def register(self, account: Account, password_hash: str, session: NewSession) -> None:
        """Store a new account with its first session; raises EmailTaken."""
        verification_id = new_id()
        try:
            await self._db.fetch_one(
                _REGISTER,
                {
                    "email": account.email,
                    "email_key": email_key(account.email),
                    "name": account.name,
                    "locale": account.locale,
                    "password_hash": password_hash,
                    **session_params(session),
                    "verification_id": verification_id,
                    "verification": EMAIL_VERIFICATION,
                    **account_registered(account).params("registered"),
                    **email_verification_requested(verification_id).params("asked"),
                    **acts.account_registered(session).params(),
                },
            )
        except UniqueViolation as error:
            if error.diag.constraint_name == _EMAIL_CONSTRAINT:
                raise EmailTaken from None
            raise
        self._told()

    async def credentials_of(self, email_key: str) -> Credentials | None:
        """Return what a login with this address is checked against."""
        row = await self._db.fetch_one(_CREDENTIALS_OF, {"email_key": email_key})
        return Credentials(**row) if row else None

    async def credentials_for(self, account_id: UUID) -> Credentials | None:
        """Return what the account's own password is checked against."""
        row = await self._db.fetch_one(_CREDENTIALS_FOR, {"account_id": account_id})
        return Credentials(**row) if row else None

    async def note_failure(self, name: str, account_id: UUID | None, now: datetime) -> None:
        """Record that somebody did not prove to be the owner of an account, or of none."""
        await record_bounded(self._db, acts.failed(name, account_id), now)

    async def replace_hash(self, account_id: UUID, old: str, new: str) -> None:
        """Store the same password in a newer form, unless it was changed meanwhile."""
        await self._db.execute(_REPLACE_HASH, {"account_id": account_id, "old": old, "new": new})

    async def change_password(
        self, account_id: UUID, kept_session_id: UUID, old: str, new: str, now: datetime
    ) -> Sequence[UUID] | None:
        """Store another password's hash and end the other sessions; None if the old one is gone."""
        params = {"account_id": account_id, "old": old, "new": new, "now": now}
        async with self._db.transaction() as transaction:
            if not await transaction.execute(_REPLACE_BY_NEW, params):
                return None
            ended = await end_sessions(
                transaction, account_id, "password_changed", now, kept=kept_session_id
            )
            await append(transaction, password_changed(account_id))
            await record(transaction, acts.password_changed(account_id))
        self._told()
        return ended

    async def find(self, account_id: UUID) -> Account | None:
        """Return an account; None for one that was deleted."""
        row = await self._db.fetch_one(_FIND, {"account_id": account_id})
        return to_account(row) if row else None

    async def find_by_email(self, email_key: str) -> Account | None:
        """Return the account that has an address."""
        row = await self._db.fetch_one(_FIND_BY_EMAIL, {"email_key": email_key})
        return to_account(row) if row else None

    async def of_session(self, account_id: UUID, session_id: UUID, now: datetime) -> Account | None:
        """Return the account if the session is its own and not over."""
        row = await self._db.fetch_one(
            _OF_SESSION, {"account_id": account_id, "session_id": session_id, "now": now}
        )
        return to_account(row) if row else None

    async def change_profile(
        self, account_id: UUID, name: str | None, locale: str | None, now: datetime
    ) -> Account | None:
        """Change what is not None and return the account."""
        row = await self._db.fetch_one(
            _CHANGE_PROFILE,
            {"account_id": account_id, "name": name, "locale": locale, "now": now},
        )
        return to_account(row) if row else None

    async def replace_roles(
        self, account_id: UUID, granted: frozenset[str], now: datetime
    ) -> Account | None:
        """Store the roles and return the account; tells role_granted if they differ.

        Raises LastAdmin.
        """
        params = {"account_id": account_id, "granted": sorted(granted), "now": now}
        async with self._db.transaction() as transaction:
            if ADMIN not in granted:
                await require_other_admin(transaction, account_id)
            before = await transaction.fetch_one(_LOCK_ROLES, params)
            changed = await transaction.execute(_REPLACE_ROLES, params)
            row = await transaction.fetch_one(_FIND, params)
            account = to_account(row) if row else None
            if changed and account is not None and before is not None:
                await append(transaction, role_granted(account))
                await record(transaction, acts.roles_changed(account, before["granted_roles"]))
        if changed:
            self._told()
        return account
