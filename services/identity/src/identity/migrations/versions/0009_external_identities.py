"""Identities of other issuers that lead into accounts, and logins with them that were begun."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE external_identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    provider text NOT NULL,
    email text NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject),
    CONSTRAINT external_identity_account_provider_key UNIQUE (account_id, provider)
)
""",
    """
CREATE TABLE begun_login (
    state_hash bytea PRIMARY KEY,
    client_hash bytea NOT NULL,
    issuer text NOT NULL,
    account_id uuid REFERENCES account (id) ON DELETE CASCADE,
    subject text,
    expires_at timestamptz NOT NULL,
    CONSTRAINT begun_login_hash_check
        CHECK (octet_length(state_hash) = 32 AND octet_length(client_hash) = 32)
)
""",
    "CREATE INDEX begun_login_expires_at ON begun_login (expires_at)",
    "CREATE INDEX begun_login_account_id ON begun_login (account_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE begun_login")
    op.execute("DROP TABLE external_identity")
