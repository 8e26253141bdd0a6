"""What a session's client said of itself when its tokens were issued."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
ALTER TABLE refresh_token
    ADD user_agent text NOT NULL DEFAULT '',
    ADD network text NOT NULL DEFAULT ''
""")


def downgrade() -> None:
    op.execute("ALTER TABLE refresh_token DROP user_agent, DROP network")
