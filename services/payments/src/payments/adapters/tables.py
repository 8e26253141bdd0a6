"""The schema's truth for alembic; a serving process does not import it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from chassis.migrations import chassis_tables

metadata = MetaData()
chassis_tables(metadata, audit_log=True)

_ID = UUID(as_uuid=True)
_TIME = DateTime(timezone=True)

payment = Table(
    "payment",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("order_id", _ID, nullable=False),
    Column("provider", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("splits", JSONB, nullable=False),
    Column("captured_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("refunding_minor", BigInteger, nullable=False),
    Column("disputed_minor", BigInteger, nullable=False, server_default="0"),
    Column("failure", Text, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("expires_at", _TIME),
    Column("closed_at", _TIME),
    Column("close_reason", Text, nullable=False),
    Column("next_check_at", _TIME),
    Column("checks", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    UniqueConstraint("order_id", name="payment_order_id_key"),
    CheckConstraint("provider <> '' OR closed_at IS NOT NULL", name="payment_tombstone_is_closed"),
    CheckConstraint(
        "captured_minor BETWEEN 0 AND amount_minor", name="payment_captured_at_most_amount"
    ),
    CheckConstraint(
        "refunded_minor >= 0 AND refunding_minor >= 0"
        " AND refunded_minor + refunding_minor <= captured_minor",
        name="payment_refunds_at_most_captured",
    ),
    CheckConstraint(
        "disputed_minor >= 0"
        " AND refunded_minor + refunding_minor + disputed_minor <= captured_minor",
        name="payment_claims_at_most_captured",
    ),
    Index(
        "payment_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")
    ),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("payment_id", _ID, ForeignKey("payment.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("called_at", _TIME, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("reference", Text, nullable=False, server_default=""),
    Column("action_url", Text, nullable=False, server_default=""),
    UniqueConstraint("payment_id", name="attempt_payment_id_key"),
    Index("attempt_reference", "reference", postgresql_where=text("reference <> ''")),
)

refund = Table(
    "refund",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("payment_id", _ID, ForeignKey("payment.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("is_cancellation", Boolean, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    CheckConstraint("amount_minor > 0", name="refund_amount_positive"),
    Index("refund_payment_id", "payment_id"),
    Index("refund_succeeded_at", "updated_at", postgresql_where=text("status = 'succeeded'")),
)

provider_event = Table(
    "provider_event",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("attempt_id", _ID),
    Column("reference", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("next_try_at", _TIME),
    Column("tries", Integer, nullable=False),
    Column("handled_at", _TIME),
    UniqueConstraint("provider", "event_id", name="provider_event_provider_event_id_key"),
    Index(
        "provider_event_next_try_at",
        "next_try_at",
        postgresql_where=text("next_try_at IS NOT NULL"),
    ),
    Index(
        "provider_event_attempt_id", "attempt_id", postgresql_where=text("attempt_id IS NOT NULL")
    ),
)

dispute = Table(
    "dispute",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("payment_id", _ID, ForeignKey("payment.id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    CheckConstraint("amount_minor > 0", name="dispute_amount_positive"),
    CheckConstraint("fee_minor >= 0", name="dispute_fee_not_negative"),
    UniqueConstraint("payment_id", "reference", name="dispute_payment_id_reference_key"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("seller_order_id", Text, primary_key=True),
    # No foreign key: the event may come before anything else that is known of the order.
    Column("order_id", _ID, nullable=False),
    Column("delivered_at", _TIME, nullable=False),
    Column("release_at", _TIME, nullable=False),
    Column("released_at", _TIME),
    Column("collected", Boolean, nullable=False, server_default=text("false")),
    Column("commissions", JSONB, nullable=False, server_default=text("'[]'")),
    Index("delivery_order_id", "order_id"),
)

commission_rule = Table(
    "commission_rule",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("seller_id", Text, nullable=False),
    Column("category_id", Text, nullable=False),
    Column("rate_bps", Integer, nullable=False),
    Column("tax_bps", Integer, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    CheckConstraint(
        "rate_bps BETWEEN 0 AND 10000 AND tax_bps BETWEEN 0 AND 10000", name="commission_rule_rates"
    ),
    UniqueConstraint("seller_id", "category_id", name="commission_rule_seller_id_category_id_key"),
)

payout = Table(
    "payout",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("seller_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure", Text, nullable=False),
    Column("next_check_at", _TIME),
    Column("checks", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    CheckConstraint("amount_minor > 0", name="payout_amount_positive"),
    Index("payout_seller_id", "seller_id", "id"),
    Index(
        "payout_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")
    ),
)

settlement = Table(
    "settlement",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("owed_minor", BigInteger, nullable=False),
    Column("owed_currency", Text, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("received_minor", BigInteger, nullable=False),
    Column("received_currency", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    CheckConstraint("owed_minor > 0", name="settlement_owed_positive"),
    CheckConstraint("fee_minor >= 0", name="settlement_fee_not_negative"),
    CheckConstraint("received_minor > 0", name="settlement_received_positive"),
    UniqueConstraint("provider", "reference", name="settlement_provider_reference_key"),
)

reported_movement = Table(
    "reported_movement",
    metadata,
    Column("run", _ID, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("movement_id", Text, nullable=False),
    Column("subject_id", _ID),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("at", _TIME, nullable=False),
    Index("reported_movement_subject_id", "run", "kind", "subject_id"),
)

sandbox_payout = Table(
    "sandbox_payout",
    metadata,
    Column("payout_id", _ID, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
)

ledger_account = Table(
    "ledger_account",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    UniqueConstraint("kind", "owner", "currency", name="ledger_account_kind_owner_currency_key"),
)

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("transaction_id", _ID, nullable=False),
    Column("event", Text, nullable=False),
    # No foreign key: each capture would take a share lock on the same few account rows. The trigger
    # ledger_entry_checked looks the account up instead, and accounts are never deleted.
    Column("account_id", _ID, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("order_id", _ID),
    Column("created_at", _TIME, nullable=False),
    UniqueConstraint("transaction_id", "account_id", name="ledger_entry_transaction_account_key"),
    CheckConstraint("amount_minor <> 0", name="ledger_entry_amount_not_zero"),
    Index("ledger_entry_account_id", "account_id", "id", postgresql_include=["amount_minor"]),
    Index("ledger_entry_order_id", "order_id"),
    Index(
        "ledger_entry_created_at",
        "created_at",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    ),
)

sandbox_payment = Table(
    "sandbox_payment",
    metadata,
    Column("attempt_id", _ID, primary_key=True),
    Column("payment_id", _ID, nullable=False),
    Column("token", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("updated_at", _TIME, nullable=False),
)

sandbox_refund = Table(
    "sandbox_refund",
    metadata,
    Column("refund_id", _ID, primary_key=True),
    Column("attempt_id", _ID, ForeignKey("sandbox_payment.attempt_id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Index("sandbox_refund_attempt_id", "attempt_id"),
)
