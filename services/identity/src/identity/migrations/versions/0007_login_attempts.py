"""Failed logins, and the addresses that successful ones came from."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ATTEMPTS = """
CREATE TABLE login_attempt (
    key bytea PRIMARY KEY,
    kind smallint NOT NULL,
    failures double precision NOT NULL,
    as_of timestamptz NOT NULL,
    not_before timestamptz NOT NULL,
    CONSTRAINT login_attempt_kind_check CHECK (kind BETWEEN 1 AND 3)
)
"""


def upgrade() -> None:
    op.execute(_ATTEMPTS)
    op.execute("CREATE INDEX login_attempt_as_of ON login_attempt (as_of)")
    op.execute("CREATE TABLE known_login (key bytea PRIMARY KEY, expires_at timestamptz NOT NULL)")
    op.execute("CREATE INDEX known_login_expires_at ON known_login (expires_at)")


def downgrade() -> None:
    op.execute("DROP TABLE known_login")
    op.execute("DROP TABLE login_attempt")
