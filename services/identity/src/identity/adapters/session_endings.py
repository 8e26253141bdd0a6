"""Ending the sessions of an account, inside a transaction of whoever has a reason to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.audit_log import record
from chassis.database import Statements
from chassis.outbox import append
from identity.adapters.acts import sessions_ended
from identity.adapters.events import session_revoked

_END = """
UPDATE session SET revoked_at = %(now)s, revoked_for = %(reason)s
WHERE account_id = %(account_id)s AND revoked_at IS NULL AND expires_at > %(now)s
  AND id IS DISTINCT FROM %(kept)s::uuid
RETURNING id
"""


async def end_sessions(
    transaction: Statements,
    account_id: UUID,
    reason: str,
    now: datetime,
    *,
    kept: UUID | None = None,
) -> Sequence[UUID]:
    """End the account's open sessions but one and return them; tells session_revoked of each."""
    rows = await transaction.fetch_all(
        _END, {"account_id": account_id, "reason": reason, "now": now, "kept": kept}
    )
    for row in rows:
        await append(transaction, session_revoked(row["id"], account_id))
    ended = [row["id"] for row in rows]
    if ended:
        await record(transaction, sessions_ended(account_id, ended, reason))
    return ended
