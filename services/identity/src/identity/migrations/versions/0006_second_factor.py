"""Second factors, their recovery codes, and how often an account failed to prove itself."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    """
CREATE TABLE totp_factor (
    account_id uuid PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    sealed_seed bytea NOT NULL,
    started_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint NOT NULL DEFAULT 0
)
""",
    """
CREATE INDEX totp_factor_confirmed_at ON totp_factor (confirmed_at)
    WHERE confirmed_at IS NOT NULL
""",
    """
CREATE TABLE recovery_code (
    account_id uuid NOT NULL REFERENCES totp_factor (account_id) ON DELETE CASCADE,
    hash bytea NOT NULL,
    PRIMARY KEY (account_id, hash),
    CONSTRAINT recovery_code_hash_check CHECK (octet_length(hash) = 32)
)
""",
    """
CREATE TABLE proof_tries (
    account_id uuid PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    tries integer NOT NULL,
    reset_at timestamptz NOT NULL
)
""",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for table in ("proof_tries", "recovery_code", "totp_factor"):
        op.execute(f"DROP TABLE {table}")
