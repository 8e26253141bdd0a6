"""Links that are mailed, the hashes of their tokens, and which addresses they verified."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Without a foreign key to the account: see the statement that asks for a reset.
_LINK = """
CREATE TABLE mailed_link (
    id uuid PRIMARY KEY,
    purpose text NOT NULL,
    account_id uuid,
    requested_at timestamptz NOT NULL,
    mailed_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT mailed_link_purpose_check CHECK (
        purpose IN ('password_reset', 'email_verification')
    )
)
"""

_HASHES = """
CREATE TABLE mailed_link_token (
    hash bytea PRIMARY KEY,
    link_id uuid NOT NULL REFERENCES mailed_link (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    CONSTRAINT mailed_link_token_hash_check CHECK (octet_length(hash) = 32)
)
"""


def upgrade() -> None:
    op.execute(_LINK)
    op.execute("CREATE INDEX mailed_link_account_id ON mailed_link (account_id, purpose)")
    op.execute("CREATE INDEX mailed_link_requested_at ON mailed_link (requested_at)")
    op.execute(_HASHES)
    op.execute("CREATE INDEX mailed_link_token_link_id ON mailed_link_token (link_id)")
    op.execute("ALTER TABLE account ADD email_verified_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP email_verified_at")
    op.execute("DROP TABLE mailed_link_token")
    op.execute("DROP TABLE mailed_link")
