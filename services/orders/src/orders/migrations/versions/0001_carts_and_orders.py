"""Carts, orders with their sagas, sellers' parts, lines and checkout keys."""

from alembic import op

from chassis.migrations import install_idempotency, install_inbox, install_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_CART = """
CREATE TABLE cart (
    id uuid PRIMARY KEY,
    account_id uuid,
    token_generation smallint NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    currency_fixed boolean NOT NULL,
    country text NOT NULL,
    items jsonb NOT NULL,
    email text NOT NULL,
    shipping_address jsonb,
    version bigint NOT NULL,
    attempts smallint NOT NULL,
    order_id uuid,
    merged_into uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT cart_status CHECK (status IN ('open', 'checked_out', 'merged')),
    CONSTRAINT cart_owner CHECK (account_id IS NULL OR token_generation = 0)
) WITH (fillfactor = 75);
CREATE INDEX cart_open_of_account ON cart (account_id, updated_at)
    WHERE status = 'open' AND account_id IS NOT NULL;
CREATE INDEX cart_created_at ON cart USING brin (created_at);
"""

_ORDERS = """
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    cart_id uuid NOT NULL,
    number text NOT NULL,
    account_id uuid,
    token_generation smallint NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    fulfilment_status text NOT NULL,
    cancel_reason text NOT NULL,
    currency text NOT NULL,
    email text NOT NULL,
    locale text NOT NULL,
    shipping_address jsonb NOT NULL,
    subtotal_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    duty_minor bigint NOT NULL,
    tax_included_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    rounding_policy text NOT NULL,
    payment_id uuid,
    next_action jsonb,
    refusal jsonb,
    expires_at timestamptz,
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    saga_step text NOT NULL,
    saga_attempts integer NOT NULL,
    saga_next_at timestamptz,
    hold_until timestamptz NOT NULL,
    payment_method jsonb,
    traceparent text NOT NULL,
    CONSTRAINT orders_number_key UNIQUE (number),
    CONSTRAINT orders_status CHECK (
        status IN ('pending', 'awaiting_payment', 'confirmed', 'completed', 'cancelled')
    ),
    CONSTRAINT orders_saga_step CHECK (
        saga_step IN ('reserving', 'authorizing', 'waiting', 'confirming', 'settling', 'done',
            'compensating', 'cancelled')
    ),
    CONSTRAINT orders_saga_due CHECK (
        (saga_step IN ('done', 'cancelled')) = (saga_next_at IS NULL)
    ),
    CONSTRAINT orders_total CHECK (
        total_minor
        = subtotal_minor - discount_minor + shipping_minor + tax_minor + duty_minor
    )
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX orders_live_of_cart ON orders (cart_id) WHERE status <> 'cancelled';
CREATE INDEX orders_of_account ON orders (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX orders_saga_next_at ON orders (saga_next_at) WHERE saga_next_at IS NOT NULL;
"""

_PARTS = """
CREATE TABLE seller_order (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    seller_id uuid NOT NULL,
    seller_name text NOT NULL,
    status text NOT NULL,
    fulfilment_status text NOT NULL,
    subtotal_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    duty_minor bigint NOT NULL,
    tax_included_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    confirmed_at timestamptz,
    version bigint NOT NULL
) WITH (fillfactor = 75);
CREATE INDEX seller_order_order_id ON seller_order (order_id);
CREATE INDEX seller_order_of_seller ON seller_order (seller_id, confirmed_at, order_id)
    WHERE confirmed_at IS NOT NULL;
CREATE TABLE order_line (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    seller_order_id uuid NOT NULL REFERENCES seller_order (id),
    position smallint NOT NULL,
    variant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    seller_id uuid NOT NULL,
    category_id uuid,
    title text NOT NULL,
    sku text NOT NULL,
    quantity integer NOT NULL,
    unit_price_minor bigint NOT NULL,
    line_total_minor bigint NOT NULL,
    discount_minor bigint NOT NULL,
    shipping_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    duty_minor bigint NOT NULL,
    tax_included_minor bigint NOT NULL,
    settlement_amount_minor bigint NOT NULL,
    settlement_currency text NOT NULL,
    fx_rate_id uuid,
    CONSTRAINT order_line_quantity CHECK (quantity BETWEEN 1 AND 9999),
    CONSTRAINT order_line_total CHECK (line_total_minor = unit_price_minor * quantity)
);
CREATE INDEX order_line_order_id ON order_line (order_id);
"""

_KEYS = """
CREATE TABLE checkout_key (
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    order_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX checkout_key_created_at ON checkout_key USING brin (created_at);
"""


def upgrade() -> None:
    install_outbox(op)
    install_inbox(op)
    install_idempotency(op)
    for statements in (_CART, _ORDERS, _PARTS, _KEYS):
        op.execute(statements)


def downgrade() -> None:
    for table in ("checkout_key", "order_line", "seller_order", "orders", "cart"):
        op.execute(f"DROP TABLE {table}")
