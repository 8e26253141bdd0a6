"""Sessions, refresh tokens and tickets on PostgreSQL."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis.audit_log import RECORD
from chassis.database import Database
from chassis.outbox import OUTBOX_APPEND
from identity.adapters import acts
from identity.adapters.account_rows import ACCOUNT, to_account
from identity.adapters.events import session_revoked
from identity.adapters.new_session_rows import HELD, ISSUED, session_params
from identity.app.ports import ListedSession, OpenSession
from identity.domain.account import Account
from identity.domain.device import UNKNOWN_DEVICE, Device
from identity.domain.session import (
    KEPT_AFTER_END,
    MAX_OPEN_TICKETS,
    REFRESH_TOKEN_LIFE,
    NewSession,
    NewTicket,
)

# No session opens with a password that was changed while it was verified, nor for an account that
# was deleted meanwhile: the locks wait for whoever does so, and the conditions then look anew.
_OPEN = f"""
WITH {HELD}, opened AS (
    INSERT INTO session (id, account_id, opened_at, expires_at)
    SELECT %(session_id)s, c.account_id, %(now)s, %(session_expires_at)s
    FROM held JOIN password_credential c ON c.account_id = held.id
    WHERE c.changed_at <= %(password_as_of)s
    FOR SHARE OF c
    RETURNING id, account_id
), {ISSUED}
SELECT {ACCOUNT}, {RECORD} FROM opened o JOIN account a ON a.id = o.account_id
"""

# Callers with the same token meet at its row: whoever comes second waits, sees rotated_at, and
# neither updates nor inserts. The row lock on the session orders it with a revocation.
_ROTATE = f"""
WITH open_session AS MATERIALIZED (
    SELECT o.id, o.account_id, o.expires_at
    FROM refresh_token t JOIN session o ON o.id = t.session_id
    WHERE t.hash = %(old)s AND o.revoked_at IS NULL AND o.expires_at > %(now)s
    FOR SHARE OF o
), rotated AS (
    UPDATE refresh_token t SET rotated_at = %(now)s
    FROM open_session o
    WHERE t.hash = %(old)s AND t.rotated_at IS NULL AND t.expires_at > %(now)s
    RETURNING o.id AS session_id, o.account_id, o.expires_at
), issued AS (
    INSERT INTO refresh_token (hash, session_id, issued_at, expires_at, user_agent, network)
    SELECT %(new)s, session_id, %(now)s, least(%(new_expires_at)s, expires_at),
        %(user_agent)s, %(network)s
    FROM rotated
)
SELECT r.session_id, {ACCOUNT} FROM rotated r JOIN account a ON a.id = r.account_id
"""

_FIND_USED = """
SELECT t.session_id, o.account_id FROM refresh_token t JOIN session o ON o.id = t.session_id
WHERE t.hash = %(token)s AND t.rotated_at IS NOT NULL
"""

_REVOKE = f"""
WITH ended AS (
    UPDATE session SET revoked_at = %(now)s, revoked_for = %(reason)s
    WHERE id = %(session_id)s AND account_id = %(account_id)s AND revoked_at IS NULL
    RETURNING id
)
SELECT {OUTBOX_APPEND}, {RECORD} FROM ended
"""

# A session whose refresh token is too old is over, although nobody ended it.
_PAGE = """
SELECT o.id, o.opened_at, t.issued_at, t.user_agent, t.network
FROM session o JOIN refresh_token t ON t.session_id = o.id AND t.rotated_at IS NULL
WHERE o.account_id = %(account_id)s AND o.revoked_at IS NULL AND o.expires_at > %(now)s
  AND t.expires_at > %(now)s AND (%(before)s::uuid IS NULL OR o.id < %(before)s)
ORDER BY o.id DESC LIMIT %(limit)s
"""

_REVOKED_SINCE = """
SELECT id FROM session WHERE revoked_at >= %(moment)s
ORDER BY revoked_at DESC LIMIT %(limit)s
"""

_ADD_TICKET = """
WITH oldest AS (
    DELETE FROM ws_ticket WHERE hash IN (
        SELECT hash FROM ws_ticket WHERE session_id = %(session_id)s
        ORDER BY expires_at DESC OFFSET %(others)s)
)
INSERT INTO ws_ticket (hash, session_id, expires_at)
SELECT %(hash)s, o.id, %(expires_at)s FROM session o
WHERE o.id = %(session_id)s AND o.account_id = %(account_id)s
  AND o.revoked_at IS NULL AND o.expires_at > %(now)s
"""

_USE_TICKET = f"""
WITH used AS (
    DELETE FROM ws_ticket WHERE hash = %(token)s RETURNING session_id, expires_at
)
SELECT o.id AS session_id, {ACCOUNT}
FROM used JOIN session o ON o.id = used.session_id JOIN account a ON a.id = o.account_id
WHERE used.expires_at > %(now)s AND o.revoked_at IS NULL AND o.expires_at > %(now)s
"""

_SWEEPS = (
    """
DELETE FROM ws_ticket WHERE hash IN (
    SELECT hash FROM ws_ticket WHERE expires_at <= %(now)s LIMIT %(limit)s)
""",
    """
DELETE FROM refresh_token WHERE hash IN (
    SELECT hash FROM refresh_token WHERE expires_at <= %(now)s LIMIT %(limit)s)
""",
    """
DELETE FROM session WHERE id IN (
    SELECT id FROM session
    WHERE expires_at <= %(kept_since)s OR revoked_at <= %(kept_since)s LIMIT %(limit)s)
""",
)


class SessionStore:
    """Keeps sessions; implements identity.app.ports.Sessions."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def open(self, session: NewSession, password_as_of: datetime) -> Account | None:
        """Store a session; None if the account's password was changed after that moment."""
        row = await self._db.fetch_one(
            _OPEN,
            {
                "password_as_of": password_as_of,
                **session_params(session),
                **acts.logged_in(session).params(),
            },
        )
        return to_account(row) if row else None

    async def rotate(
        self, old: bytes, new: bytes, now: datetime, device: Device = UNKNOWN_DEVICE
    ) -> OpenSession | None:
        """Use up a refresh token and store its successor, in one statement."""
        row = await self._db.fetch_one(
            _ROTATE,
            {
                "old": old,
                "new": new,
                "now": now,
                "new_expires_at": now + REFRESH_TOKEN_LIFE,
                "user_agent": device.user_agent,
                "network": device.network,
            },
        )
        return OpenSession(row["session_id"], to_account(row)) if row else None

    async def revoke_if_reused(self, token: bytes, now: datetime) -> bool:
        """Tell whether a token was used up before, and if so end its session."""
        row = await self._db.fetch_one(_FIND_USED, {"token": token})
        if row is None:
            return False
        await self.revoke(row["account_id"], row["session_id"], now, "refresh_token_reused")
        return True

    async def revoke(
        self, account_id: UUID, session_id: UUID, now: datetime, reason: str = "logout"
    ) -> bool:
        """End a session of the account; False if it is over."""
        row = await self._db.fetch_one(
            _REVOKE,
            {
                "session_id": session_id,
                "account_id": account_id,
                "now": now,
                "reason": reason,
                **session_revoked(session_id, account_id).params(),
                **acts.sessions_ended(account_id, [session_id], reason).params(),
            },
        )
        if row is None:
            return False
        self._told()
        return True

    async def page(
        self, account_id: UUID, before: UUID | None, limit: int, now: datetime
    ) -> Sequence[ListedSession]:
        """Return the account's open sessions before that one, the newest first."""
        rows = await self._db.fetch_all(
            _PAGE, {"account_id": account_id, "before": before, "limit": limit, "now": now}
        )
        return [
            ListedSession(
                row["id"],
                row["opened_at"],
                row["issued_at"],
                Device(row["user_agent"], row["network"]),
            )
            for row in rows
        ]

    async def revoked_since(self, moment: datetime, limit: int) -> Sequence[UUID]:
        """Return the sessions that were ended at that moment or later, the newest first."""
        rows = await self._db.fetch_all(_REVOKED_SINCE, {"moment": moment, "limit": limit})
        return [row["id"] for row in rows]

    async def add_ticket(self, ticket: NewTicket) -> bool:
        """Store a ticket in place of the oldest, if they are many; False if the session is over."""
        stored = await self._db.execute(
            _ADD_TICKET,
            {
                "hash": ticket.token_hash,
                "session_id": ticket.session_id,
                "account_id": ticket.account_id,
                "now": ticket.created_at,
                "expires_at": ticket.expires_at,
                "others": MAX_OPEN_TICKETS - 1,
            },
        )
        return stored == 1

    async def use_ticket(self, token: bytes, now: datetime) -> OpenSession | None:
        """Use a ticket up: deleting its row lets one caller through at most."""
        row = await self._db.fetch_one(_USE_TICKET, {"token": token, "now": now})
        return OpenSession(row["session_id"], to_account(row)) if row else None

    async def sweep(self, now: datetime, limit: int) -> int:
        """Delete at most ``limit`` each of tickets, tokens and sessions of no more use."""
        params = {"now": now, "kept_since": now - KEPT_AFTER_END, "limit": limit}
        return sum([await self._db.execute(statement, params) for statement in _SWEEPS])
