"""Payments, refunds, the ledger and the sandbox provider's log."""

from alembic import op

from chassis.migrations import install_idempotency, install_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PAYMENTS = """
CREATE TABLE payment (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL CONSTRAINT payment_order_id_key UNIQUE,
    provider text NOT NULL,
    status text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    splits jsonb NOT NULL,
    captured_minor bigint NOT NULL,
    refunded_minor bigint NOT NULL,
    refunding_minor bigint NOT NULL,
    failure text NOT NULL,
    late boolean NOT NULL,
    expires_at timestamptz,
    closed_at timestamptz,
    close_reason text NOT NULL,
    next_check_at timestamptz,
    checks integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payment_tombstone_is_closed CHECK (provider <> '' OR closed_at IS NOT NULL),
    CONSTRAINT payment_captured_at_most_amount CHECK (captured_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT payment_refunds_at_most_captured CHECK (
        refunded_minor >= 0 AND refunding_minor >= 0
        AND refunded_minor + refunding_minor <= captured_minor
    )
) WITH (fillfactor = 80);

CREATE INDEX payment_next_check_at ON payment (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE attempt (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL CONSTRAINT attempt_payment_id_key UNIQUE
        CONSTRAINT attempt_payment_id_fkey REFERENCES payment (id),
    status text NOT NULL,
    code text NOT NULL,
    token text NOT NULL,
    phone text NOT NULL,
    called_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE refund (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL CONSTRAINT refund_payment_id_fkey REFERENCES payment (id),
    amount_minor bigint NOT NULL CONSTRAINT refund_amount_positive CHECK (amount_minor > 0),
    status text NOT NULL,
    reason text NOT NULL,
    lines jsonb NOT NULL,
    is_cancellation boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX refund_payment_id ON refund (payment_id);
"""

_LEDGER = """
CREATE TABLE ledger_account (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    owner text NOT NULL,
    currency text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT ledger_account_kind_owner_currency_key UNIQUE (kind, owner, currency)
);

CREATE TABLE ledger_entry (
    id uuid PRIMARY KEY,
    transaction_id uuid NOT NULL,
    event text NOT NULL,
    account_id uuid NOT NULL,
    amount_minor bigint NOT NULL
        CONSTRAINT ledger_entry_amount_not_zero CHECK (amount_minor <> 0),
    currency text NOT NULL,
    order_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT ledger_entry_transaction_account_key UNIQUE (transaction_id, account_id)
);

CREATE INDEX ledger_entry_account_id ON ledger_entry (account_id, id) INCLUDE (amount_minor);
CREATE INDEX ledger_entry_order_id ON ledger_entry (order_id);
"""

# A deferred row trigger would run once per entry. This one runs once per statement and is stricter:
# whatever one statement enters must balance by itself, so that the whole ledger does at any moment,
# inside of transactions too.
_CHECKED = """
CREATE FUNCTION ledger_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT transaction_id INTO wrong FROM entered
    GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balanced';
    END IF;
    SELECT e.account_id INTO wrong FROM entered e
    WHERE NOT EXISTS (
        SELECT FROM ledger_account a WHERE a.id = e.account_id AND a.currency = e.currency
    ) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no ledger account % in that currency', wrong
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ledger_entry_account';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER ledger_entry_checked AFTER INSERT ON ledger_entry
REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_check();

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is only ever added to: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_immutable';
END
$$;

CREATE TRIGGER ledger_entry_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

CREATE TRIGGER ledger_account_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_account
FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""

_SANDBOX = """
CREATE TABLE sandbox_payment (
    attempt_id uuid PRIMARY KEY,
    payment_id uuid NOT NULL,
    token text NOT NULL,
    status text NOT NULL,
    code text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    refunded_minor bigint NOT NULL,
    calls integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE sandbox_refund (
    refund_id uuid PRIMARY KEY,
    attempt_id uuid NOT NULL CONSTRAINT sandbox_refund_attempt_id_fkey
        REFERENCES sandbox_payment (attempt_id),
    amount_minor bigint NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX sandbox_refund_attempt_id ON sandbox_refund (attempt_id);
"""


def upgrade() -> None:
    install_outbox(op)
    install_idempotency(op)
    for statements in (_PAYMENTS, _LEDGER, _CHECKED, _SANDBOX):
        op.execute(statements)
