"""Reports of audits, and whose turn it is to make the next."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE audit_report (
            id uuid PRIMARY KEY,
            started_at timestamptz NOT NULL,
            finished_at timestamptz NOT NULL,
            checked jsonb NOT NULL,
            findings jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE audit_turn (
            name text PRIMARY KEY,
            next_at timestamptz NOT NULL
        )
        """
    )
