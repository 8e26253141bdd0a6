"""What people did that matters to security."""

from __future__ import annotations

from alembic import op

from chassis.migrations import install_audit_log

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    install_audit_log(op)


def downgrade() -> None:
    raise NotImplementedError("a log that can be taken back is none")
