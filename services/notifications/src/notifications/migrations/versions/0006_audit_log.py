"""What operators did to this service's dead letters."""

from alembic import op

from chassis.migrations import install_audit_log

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    install_audit_log(op)


def downgrade() -> None:
    raise NotImplementedError("a log that can be taken back is none")
