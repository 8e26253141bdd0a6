"""Which accounts were deleted, for as long as something of them may be here."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE deleted_account (
            account_id uuid PRIMARY KEY,
            deleted_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        "CREATE INDEX cart_merged_of_account ON cart (account_id)"
        " WHERE status = 'merged' AND account_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX cart_merged_of_account")
    op.execute("DROP TABLE deleted_account")
