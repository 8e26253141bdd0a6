"""Which event of its payment changed an order last."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A constant default rewrites no row."""
    op.execute("ALTER TABLE orders ADD COLUMN payment_sequence bigint NOT NULL DEFAULT 0")
