"""What identity tells an account of itself; secrets and their hashes are not among it."""

from __future__ import annotations

from typing import Final

from chassis.personal_data import Section

PERSONAL_DATA: Final = (
    Section(
        "account",
        """
SELECT id, email, email_verified_at, name, locale, granted_roles, created_at, updated_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('seller_id', m.seller_id, 'role', m.role,
         'added_at', m.added_at) ORDER BY m.added_at), '[]')
     FROM seller_member m WHERE m.account_id = a.id) AS sellers
FROM account a WHERE id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "usr", "seller_id": "sel"},
    ),
    Section(
        "session",
        """
SELECT id, opened_at, expires_at, revoked_at, revoked_for,
    (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('user_agent', t.user_agent,
         'network', t.network)), '[]')
     FROM refresh_token t WHERE t.session_id = s.id) AS clients
FROM session s WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "ses"},
    ),
    Section(
        "external_identity",
        """
SELECT account_id AS id, provider, issuer, subject, email, linked_at FROM external_identity
WHERE account_id = %(account_id)s AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s
""",
        {"id": "usr"},
    ),
    Section(
        "second_factor",
        """
SELECT account_id AS id, started_at, confirmed_at FROM totp_factor
WHERE account_id = %(account_id)s AND account_id > %(after)s ORDER BY account_id LIMIT %(limit)s
""",
        {"id": "usr"},
    ),
    Section(
        "api_key",
        """
SELECT id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at FROM api_key
WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "key"},
    ),
    Section(
        "mailed_link",
        """
SELECT id, purpose, requested_at, mailed_at, ended_at FROM mailed_link
WHERE account_id = %(account_id)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
""",
        {"id": "lnk"},
    ),
)
