"""External identities on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from chassis.audit_log import RECORD, record
from chassis.database import Database
from chassis.outbox import OUTBOX_APPEND
from identity.adapters import acts
from identity.adapters.account_rows import ACCOUNT, to_account
from identity.adapters.events import account_registered
from identity.adapters.new_session_rows import (
    HELD,
    ISSUED,
    OPENED_WITH_ACCOUNT,
    session_params,
)
from identity.domain.account import Account, email_key
from identity.domain.errors import AlreadyLinked, EmailTaken, IdentityTaken, SessionEnded
from identity.domain.external_identity import ExternalIdentity, WaysIn
from identity.domain.session import NewSession

_EMAIL_CONSTRAINT = "account_email_key_key"
_COLUMNS = "issuer, subject, provider, email, linked_at"
_VALUES = "%(issuer)s, %(subject)s, %(provider)s, %(identity_email)s, %(linked_at)s"

_FIND_ACCOUNT = f"""
SELECT {ACCOUNT} FROM external_identity e JOIN account a ON a.id = e.account_id
WHERE e.issuer = %(issuer)s AND e.subject = %(subject)s
"""

# No session opens with an identity that is unlinked meanwhile, nor for an account that is deleted:
# the locks wait for whoever does so, and the conditions then look anew.
_OPEN = f"""
WITH {HELD}, opened AS (
    INSERT INTO session (id, account_id, opened_at, expires_at)
    SELECT %(session_id)s, e.account_id, %(now)s, %(session_expires_at)s
    FROM held JOIN external_identity e ON e.account_id = held.id
    WHERE e.issuer = %(issuer)s AND e.subject = %(subject)s
    FOR SHARE OF e
    RETURNING id, account_id
), {ISSUED}
SELECT {ACCOUNT}, {RECORD} FROM opened o JOIN account a ON a.id = o.account_id
"""

_REGISTER = f"""
WITH made AS (
    INSERT INTO account (id, email, email_key, email_verified_at, name, locale, created_at,
        updated_at)
    VALUES (%(account_id)s, %(email)s, %(email_key)s, %(now)s, %(name)s, %(locale)s, %(now)s,
        %(now)s)
    RETURNING id
), linked AS (
    INSERT INTO external_identity (account_id, {_COLUMNS}) SELECT id, {_VALUES} FROM made
), {OPENED_WITH_ACCOUNT}
SELECT {OUTBOX_APPEND}, {RECORD} FROM made
"""

_LINK = f"""
WITH linked AS (
    INSERT INTO external_identity (account_id, {_COLUMNS})
    SELECT id, {_VALUES} FROM account WHERE id = %(account_id)s AND deleted_at IS NULL
    FOR KEY SHARE
    RETURNING account_id
)
SELECT account_id, {RECORD} FROM linked
"""

_OF_ACCOUNT = f"""
SELECT {_COLUMNS} FROM external_identity WHERE account_id = %(account_id)s
ORDER BY linked_at, provider
"""

_HOLD = """
SELECT EXISTS (SELECT FROM password_credential c WHERE c.account_id = a.id) AS has_password
FROM account a WHERE a.id = %(account_id)s AND a.deleted_at IS NULL FOR UPDATE
"""

_UNLINK = "DELETE FROM external_identity WHERE issuer = %(issuer)s AND subject = %(subject)s"


class ExternalIdentityStore:
    """Keeps links; implements identity.app.external_login_ports.ExternalIdentities."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def find_account(self, issuer: str, subject: str) -> Account | None:
        """Return the account that an identity leads into."""
        row = await self._db.fetch_one(_FIND_ACCOUNT, {"issuer": issuer, "subject": subject})
        return to_account(row) if row else None

    async def open(self, issuer: str, subject: str, session: NewSession) -> Account | None:
        """Store a session; None if the identity no longer leads into the session's account."""
        params = {"issuer": issuer, "subject": subject, **session_params(session)}
        row = await self._db.fetch_one(
            _OPEN, {**params, **acts.logged_in(session, issuer=issuer).params()}
        )
        return to_account(row) if row else None

    async def register(
        self, account: Account, identity: ExternalIdentity, session: NewSession
    ) -> None:
        """Store a new account without a password, whose issuer vouches for its address.

        Raises EmailTaken or IdentityTaken.
        """
        params = {
            "email": account.email,
            "email_key": email_key(account.email),
            "name": account.name,
            "locale": account.locale,
            **_of_identity(identity),
            **session_params(session),
            **account_registered(account).params(),
            **acts.account_registered(session).params(),
        }
        try:
            await self._db.fetch_one(_REGISTER, params)
        except UniqueViolation as error:
            if error.diag.constraint_name == _EMAIL_CONSTRAINT:
                raise EmailTaken from None
            raise IdentityTaken from None
        self._told()

    async def link(self, account_id: UUID, identity: ExternalIdentity) -> None:
        """Store a link; raises IdentityTaken or AlreadyLinked."""
        act = acts.identity_linked(account_id, identity)
        params = {"account_id": account_id, **_of_identity(identity), **act.params()}
        try:
            stored = await self._db.fetch_one(_LINK, params)
        except UniqueViolation:
            owner = await self.find_account(identity.issuer, identity.subject)
            if owner is not None and owner.id != account_id:
                raise IdentityTaken from None
            raise AlreadyLinked from None
        if stored is None:
            raise SessionEnded

    async def of_account(self, account_id: UUID) -> Sequence[ExternalIdentity]:
        """Return the identities of an account, the oldest link first."""
        rows = await self._db.fetch_all(_OF_ACCOUNT, {"account_id": account_id})
        return [ExternalIdentity(**row) for row in rows]

    @asynccontextmanager
    async def ways_in(self, account_id: UUID) -> AsyncIterator[WaysIn]:
        """Hold the ways into an account; at the end the change is stored."""
        async with self._db.transaction() as transaction:
            params: dict[str, Any] = {"account_id": account_id}
            held = await transaction.fetch_one(_HOLD, params)
            if held is None:
                raise SessionEnded
            # A statement of its own sees what was committed while the lock was waited for.
            rows = await transaction.fetch_all(_OF_ACCOUNT, params)
            ways = WaysIn(held["has_password"], [ExternalIdentity(**row) for row in rows])
            yield ways
            if ways.ended is not None:
                await transaction.execute(
                    _UNLINK, {"issuer": ways.ended.issuer, "subject": ways.ended.subject}
                )
                await record(transaction, acts.identity_unlinked(account_id, ways.ended))


def _of_identity(identity: ExternalIdentity) -> dict[str, Any]:
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "provider": identity.provider,
        "identity_email": identity.email,
        "linked_at": identity.linked_at,
    }
