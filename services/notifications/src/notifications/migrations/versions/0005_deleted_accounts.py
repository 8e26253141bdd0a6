"""Which accounts were deleted: nothing new is put into their inboxes."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE account_locale ADD COLUMN deleted_at timestamptz")
