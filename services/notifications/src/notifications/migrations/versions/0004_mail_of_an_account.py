"""Mails that are about no order, such as links that verify an address."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE mail_delivery ALTER COLUMN order_id DROP NOT NULL")
