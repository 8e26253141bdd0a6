"""An index of what is held and not paid."""

from alembic import op

from chassis.migrations import create_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index(op, "orders_holder", "orders (holder) WHERE holder IS NOT NULL")
