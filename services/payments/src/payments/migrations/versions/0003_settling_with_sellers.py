"""Disputes, deliveries, commission rules, payouts and settlements; entries without an order."""

from alembic import op

from chassis.migrations import install_inbox

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PAYMENTS = """
ALTER TABLE payment ADD COLUMN disputed_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT payment_claims_at_most_captured CHECK (
        disputed_minor >= 0
        AND refunded_minor + refunding_minor + disputed_minor <= captured_minor
    );

CREATE TABLE dispute (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL CONSTRAINT dispute_payment_id_fkey REFERENCES payment (id),
    reference text NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT dispute_amount_positive CHECK (amount_minor > 0),
    fee_minor bigint NOT NULL CONSTRAINT dispute_fee_not_negative CHECK (fee_minor >= 0),
    reason text NOT NULL,
    lines jsonb NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT dispute_payment_id_reference_key UNIQUE (payment_id, reference)
);

CREATE TABLE delivery (
    seller_order_id text PRIMARY KEY,
    order_id uuid NOT NULL,
    delivered_at timestamptz NOT NULL,
    release_at timestamptz NOT NULL,
    released_at timestamptz,
    collected boolean NOT NULL DEFAULT false,
    commissions jsonb NOT NULL DEFAULT '[]'
);

CREATE INDEX delivery_order_id ON delivery (order_id);
"""

_SELLERS = """
CREATE TABLE commission_rule (
    id uuid PRIMARY KEY,
    seller_id text NOT NULL,
    category_id text NOT NULL,
    rate_bps integer NOT NULL,
    tax_bps integer NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT commission_rule_seller_id_category_id_key UNIQUE (seller_id, category_id),
    CONSTRAINT commission_rule_rates CHECK (
        rate_bps BETWEEN 0 AND 10000 AND tax_bps BETWEEN 0 AND 10000
    )
);

CREATE TABLE payout (
    id uuid PRIMARY KEY,
    seller_id text NOT NULL,
    amount_minor bigint NOT NULL CONSTRAINT payout_amount_positive CHECK (amount_minor > 0),
    currency text NOT NULL,
    status text NOT NULL,
    failure text NOT NULL,
    next_check_at timestamptz,
    checks integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX payout_seller_id ON payout (seller_id, id);
CREATE INDEX payout_next_check_at ON payout (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE settlement (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    reference text NOT NULL,
    owed_minor bigint NOT NULL CONSTRAINT settlement_owed_positive CHECK (owed_minor > 0),
    owed_currency text NOT NULL,
    fee_minor bigint NOT NULL CONSTRAINT settlement_fee_not_negative CHECK (fee_minor >= 0),
    received_minor bigint NOT NULL CONSTRAINT settlement_received_positive
        CHECK (received_minor > 0),
    received_currency text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT settlement_provider_reference_key UNIQUE (provider, reference)
);

CREATE TABLE sandbox_payout (
    payout_id uuid PRIMARY KEY,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL
);

ALTER TABLE ledger_entry ALTER COLUMN order_id DROP NOT NULL;
"""


def upgrade() -> None:
    install_inbox(op)
    for statements in (_PAYMENTS, _SELLERS):
        op.execute(statements)
