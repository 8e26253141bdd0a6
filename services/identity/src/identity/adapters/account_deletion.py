"""Forgetting an account on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.audit_log import record
from chassis.database import Database, Statements
from chassis.outbox import append
from identity.adapters import acts
from identity.adapters.admins import require_other_admin
from identity.adapters.events import account_deleted, api_key_revoked, seller_member_changed
from identity.adapters.session_endings import end_sessions
from identity.app.ports import Ended
from identity.domain.errors import SoleOwner

# As changes of members do, it waits at the sellers first and at the account then.
_LOCK_SELLERS = """
SELECT s.id FROM seller s JOIN seller_member m ON m.seller_id = s.id
WHERE m.account_id = %(account_id)s ORDER BY s.id FOR NO KEY UPDATE OF s
"""

_LOCK_ACCOUNT = """
SELECT id FROM account WHERE id = %(account_id)s AND deleted_at IS NULL FOR UPDATE
"""

_SOLELY_OWNED = """
SELECT s.slug FROM seller_member m JOIN seller s ON s.id = m.seller_id
WHERE m.account_id = %(account_id)s AND m.role = 'owner' AND NOT EXISTS (
    SELECT FROM seller_member o
    WHERE o.seller_id = m.seller_id AND o.role = 'owner' AND o.account_id <> m.account_id)
ORDER BY s.slug
"""

_LEAVE_SELLERS = """
DELETE FROM seller_member WHERE account_id = %(account_id)s RETURNING seller_id
"""

# Ended keys and sessions stay for as long as gateways ask which ones ended.
_END_KEYS = """
WITH mine AS (
    SELECT id, revoked_at IS NULL AS working FROM api_key WHERE account_id = %(account_id)s
), ended AS (
    UPDATE api_key k SET name = '', revoked_at = coalesce(k.revoked_at, %(now)s)
    FROM mine WHERE k.id = mine.id
)
SELECT id FROM mine WHERE working ORDER BY id
"""

_FORGET = (
    "DELETE FROM password_credential WHERE account_id = %(account_id)s",
    "DELETE FROM external_identity WHERE account_id = %(account_id)s",
    "DELETE FROM begun_login WHERE account_id = %(account_id)s",
    "DELETE FROM totp_factor WHERE account_id = %(account_id)s",
    "DELETE FROM proof_tries WHERE account_id = %(account_id)s",
    "DELETE FROM mailed_link WHERE account_id = %(account_id)s",
    """
DELETE FROM refresh_token t USING session s
WHERE s.id = t.session_id AND s.account_id = %(account_id)s
""",
    """
DELETE FROM ws_ticket t USING session s
WHERE s.id = t.session_id AND s.account_id = %(account_id)s
""",
    # No address has a colon: nobody can register or log in as what stands there now.
    """
UPDATE account SET email = '', email_key = 'deleted:' || id, name = '', locale = '',
    granted_roles = '{}', email_verified_at = NULL, updated_at = %(now)s, deleted_at = %(now)s
WHERE id = %(account_id)s
""",
)


class AccountDeletion:
    """Forgets accounts; implements identity.app.ports.Deletions."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        """``told`` is called after an event was committed."""
        self._db = db
        self._told = told

    async def delete(self, account_id: UUID, now: datetime) -> Ended | None:
        """Forget all that names the person, and free the address; None if it is gone already."""
        params = {"account_id": account_id, "now": now}
        async with self._db.transaction() as transaction:
            await transaction.fetch_all(_LOCK_SELLERS, params)
            await require_other_admin(transaction, account_id)
            if await transaction.fetch_one(_LOCK_ACCOUNT, params) is None:
                return None
            owned = await transaction.fetch_all(_SOLELY_OWNED, params)
            if owned:
                raise SoleOwner([row["slug"] for row in owned])
            ended = Ended(
                sessions=await end_sessions(transaction, account_id, "account_deleted", now),
                api_keys=await _end_keys(transaction, account_id, params),
            )
            for row in await transaction.fetch_all(_LEAVE_SELLERS, params):
                left = seller_member_changed(row["seller_id"], account_id, None)
                await append(transaction, left)
            for statement in _FORGET:
                await transaction.execute(statement, params)
            await append(transaction, account_deleted(account_id))
            await record(transaction, acts.account_deleted(account_id))
        self._told()
        return ended


async def _end_keys(
    transaction: Statements, account_id: UUID, params: dict[str, Any]
) -> Sequence[UUID]:
    rows = await transaction.fetch_all(_END_KEYS, params)
    for row in rows:
        await append(transaction, api_key_revoked(row["id"], account_id))
        await record(transaction, acts.api_key_revoked(row["id"], account_id))
    return [row["id"] for row in rows]
