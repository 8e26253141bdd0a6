"""Units that sellers cancel: they take of the order as a parcel does, and have their rows there."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATUSES = (
    "'created', 'in_transit', 'out_for_delivery', 'delivered', 'failed', 'returned', 'cancelled'"
)

_CANCELLED = f"""
ALTER TABLE shipment ADD COLUMN reason text NOT NULL DEFAULT '',
    ADD COLUMN restock boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT shipment_status,
    ADD CONSTRAINT shipment_status CHECK (status IN ({_STATUSES})) NOT VALID;
"""
# Looking at every row needs no lock that keeps others waiting.
_VALIDATE = "ALTER TABLE shipment VALIDATE CONSTRAINT shipment_status"


def upgrade() -> None:
    op.execute(_CANCELLED)
    op.execute(_VALIDATE)
