"""A mail belongs to the trace of the request that led to it."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE mail_delivery ADD COLUMN traceparent text NOT NULL DEFAULT ''")


def downgrade() -> None:
    raise NotImplementedError("there is no way back")
