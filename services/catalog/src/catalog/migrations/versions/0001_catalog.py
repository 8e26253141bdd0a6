"""Products, listings, stock and what the chassis needs.

Revision: 0001
Revises:
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from chassis.migrations import install_idempotency, install_inbox, install_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    install_outbox(op)
    install_inbox(op)
    install_idempotency(op)
    driver = op.get_bind().connection.driver_connection
    for name in ("0001_tables.sql", "0001_stock_functions.sql"):
        # Straight to the driver: the files hold many statements and no parameters.
        driver.execute((_SQL / name).read_text())
