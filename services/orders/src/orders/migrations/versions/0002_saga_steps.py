"""What each saga went through, in the row that every step writes anyway."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A constant default rewrites no row."""
    op.execute("ALTER TABLE orders ADD COLUMN steps jsonb NOT NULL DEFAULT '[]'")
