"""How a new session is stored in one statement, whatever it is opened by."""

# ruff: noqa: S608 - the statements are put together from constants of this code.

from __future__ import annotations

from identity.domain.session import NewSession

HELD = """
held AS MATERIALIZED (
    SELECT id FROM account WHERE id = %(account_id)s AND deleted_at IS NULL FOR KEY SHARE
)"""
"""The session's account, unless it is deleted: the lock waits for whoever does so."""

ISSUED = """
issued AS (
    INSERT INTO refresh_token (hash, session_id, issued_at, expires_at, user_agent, network)
    SELECT %(token_hash)s, id, %(now)s, %(token_expires_at)s, %(user_agent)s, %(network)s
    FROM opened
)"""
"""The first refresh token of the session that ``opened`` stored."""

OPENED_WITH_ACCOUNT = f"""
opened AS (
    INSERT INTO session (id, account_id, opened_at, expires_at)
    SELECT %(session_id)s, id, %(now)s, %(session_expires_at)s FROM made
    RETURNING id
), {ISSUED}"""
"""The first session of the account that ``made`` stored, with its token."""


def session_params(session: NewSession) -> dict[str, object]:
    """Return the parameters of these parts of a statement."""
    return {
        "session_id": session.id,
        "account_id": session.account_id,
        "now": session.opened_at,
        "session_expires_at": session.expires_at,
        "token_hash": session.token_hash,
        "token_expires_at": session.token_expires_at,
        "user_agent": session.device.user_agent,
        "network": session.device.network,
    }
