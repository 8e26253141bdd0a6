"""Who opened a seller, because the number of sellers that one account opens is bounded."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE seller ADD opened_by uuid REFERENCES account (id) ON DELETE SET NULL")
    op.execute("CREATE INDEX seller_opened_by ON seller (opened_by)")


def downgrade() -> None:
    op.execute("ALTER TABLE seller DROP opened_by")
