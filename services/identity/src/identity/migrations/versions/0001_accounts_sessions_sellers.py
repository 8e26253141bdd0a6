"""Accounts, sessions, tickets, sellers and their members."""

from __future__ import annotations

from alembic import op

from chassis.migrations import install_idempotency, install_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL,
    name text NOT NULL,
    locale text NOT NULL,
    granted_roles text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT account_email_key_key UNIQUE (email_key),
    CONSTRAINT account_granted_roles_check
        CHECK (granted_roles <@ ARRAY['admin', 'moderator', 'operator'])
)
""",
    """
CREATE TABLE password_credential (
    account_id uuid PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    hash text NOT NULL,
    changed_at timestamptz NOT NULL
)
""",
    """
CREATE TABLE session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    opened_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_for text,
    CONSTRAINT session_revoked_for_check CHECK ((revoked_at IS NULL) = (revoked_for IS NULL))
)
""",
    "CREATE INDEX session_account_id ON session (account_id)",
    "CREATE INDEX session_expires_at ON session (expires_at)",
    "CREATE INDEX session_revoked_at ON session (revoked_at) WHERE revoked_at IS NOT NULL",
    """
CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    CONSTRAINT refresh_token_hash_check CHECK (octet_length(hash) = 32)
)
""",
    # The database itself keeps a session from ever having two tokens that are good.
    """
CREATE UNIQUE INDEX refresh_token_unused ON refresh_token (session_id) WHERE rotated_at IS NULL
""",
    "CREATE INDEX refresh_token_session_id ON refresh_token (session_id)",
    "CREATE INDEX refresh_token_expires_at ON refresh_token (expires_at)",
    """
CREATE TABLE ws_ticket (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
)
""",
    "CREATE INDEX ws_ticket_session_id ON ws_ticket (session_id)",
    "CREATE INDEX ws_ticket_expires_at ON ws_ticket (expires_at)",
    """
CREATE TABLE seller (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    timezone text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT seller_slug_key UNIQUE (slug)
)
""",
    """
CREATE TABLE seller_member (
    seller_id uuid NOT NULL REFERENCES seller (id) ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role text NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (seller_id, account_id),
    CONSTRAINT seller_member_role_check
        CHECK (role IN ('owner', 'manager', 'fulfilment', 'finance', 'viewer'))
)
""",
    "CREATE INDEX seller_member_account_id ON seller_member (account_id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    install_outbox(op)
    install_idempotency(op)


def downgrade() -> None:
    raise NotImplementedError("the first revision is never taken back")
