"""The event that a mail tells of, and a way to find an order's mails."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A constant default rewrites no row."""
    op.execute("ALTER TABLE mail_delivery ADD COLUMN event_id text NOT NULL DEFAULT ''")
    op.execute("CREATE INDEX ix_mail_delivery_order ON mail_delivery (order_id)")
