"""Parcels that left and came back.

Revision: 0002
Revises: 0001
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql" / "0002_shipping.sql"


def upgrade() -> None:
    # Straight to the driver: the file holds many statements and no parameters.
    op.get_bind().connection.driver_connection.execute(_SQL.read_text())
