"""When an account was deleted; its row stays, without anything that names a person."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE account ADD deleted_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE account DROP deleted_at")
