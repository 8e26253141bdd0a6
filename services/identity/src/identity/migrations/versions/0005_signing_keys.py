"""Keys that sign access tokens, and when they do."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SIGNING_KEY = """
CREATE TABLE signing_key (
    id text PRIMARY KEY,
    public bytea NOT NULL,
    sealed_seed bytea,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    retires_at timestamptz,
    CONSTRAINT signing_key_public_check CHECK (octet_length(public) = 32)
)
"""


def upgrade() -> None:
    op.execute(SIGNING_KEY)


def downgrade() -> None:
    op.execute("DROP TABLE signing_key")
