"""Parcels, and what carriers tell of them."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATUSES = "'created', 'in_transit', 'out_for_delivery', 'delivered', 'failed', 'returned'"

_SHIPMENT = f"""
CREATE TABLE shipment (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    seller_order_id uuid NOT NULL REFERENCES seller_order (id),
    seller_id uuid NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    status text NOT NULL,
    items jsonb NOT NULL,
    events jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    stock_step text NOT NULL,
    stock_attempts integer NOT NULL,
    stock_next_at timestamptz,
    CONSTRAINT shipment_status CHECK (status IN ({_STATUSES})),
    CONSTRAINT shipment_stock_step CHECK (
        stock_step IN ('shipping', 'shipped', 'returning', 'returned')
    ),
    CONSTRAINT shipment_stock_due CHECK (
        (stock_step IN ('shipped', 'returned')) = (stock_next_at IS NULL)
    )
) WITH (fillfactor = 75);
CREATE INDEX shipment_order_id ON shipment (order_id);
CREATE INDEX shipment_tracking_number ON shipment (tracking_number) WHERE tracking_number <> '';
CREATE INDEX shipment_stock_next_at ON shipment (stock_next_at) WHERE stock_next_at IS NOT NULL;
"""

_CARRIER_UPDATE = """
CREATE TABLE carrier_update (
    carrier text NOT NULL,
    event_id text NOT NULL,
    tracking_number text NOT NULL,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    location text NOT NULL,
    received_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    PRIMARY KEY (carrier, event_id)
);
CREATE INDEX carrier_update_waiting ON carrier_update (tracking_number)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX carrier_update_due ON carrier_update (next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
"""


def upgrade() -> None:
    for statements in (_SHIPMENT, _CARRIER_UPDATE):
        op.execute(statements)


def downgrade() -> None:
    for table in ("carrier_update", "shipment"):
        op.execute(f"DROP TABLE {table}")
