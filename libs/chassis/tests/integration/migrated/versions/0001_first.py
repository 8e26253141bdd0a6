"""Install everything that the chassis has."""

from alembic import op

from chassis.migrations import (
    install_audit_log,
    install_idempotency,
    install_inbox,
    install_outbox,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    install_outbox(op)
    install_inbox(op)
    install_idempotency(op)
    install_audit_log(op)


def downgrade() -> None:
    raise NotImplementedError("there is no way back from the first revision")
