"""The tables of this service: the truth that alembic checks; no serving process imports this."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis.migrations import chassis_tables

metadata = sa.MetaData()
chassis_tables(metadata, audit_log=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, pg.UUID, nullable=nullable)


def _minor(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _totals() -> list[sa.Column[Any]]:
    names = ("subtotal", "discount", "shipping", "tax", "duty", "tax_included", "total")
    return [_minor(f"{name}_minor") for name in names]


cart = sa.Table(
    "cart",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    _uuid("account_id", nullable=True),
    sa.Column("token_generation", sa.SmallInteger, nullable=False),
    _text("status"),
    _text("currency"),
    sa.Column("currency_fixed", sa.Boolean, nullable=False),
    _text("country"),
    sa.Column("items", pg.JSONB, nullable=False),
    _text("email"),
    sa.Column("shipping_address", pg.JSONB),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False),
    _uuid("order_id", nullable=True),
    _uuid("merged_into", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    sa.CheckConstraint("status IN ('open', 'checked_out', 'merged')", name="cart_status"),
    sa.CheckConstraint("account_id IS NULL OR token_generation = 0", name="cart_owner"),
)
sa.Index(
    "cart_open_of_account",
    cart.c.account_id,
    cart.c.updated_at,
    postgresql_where=sa.text("status = 'open' AND account_id IS NOT NULL"),
)
sa.Index(
    "cart_merged_of_account",
    cart.c.account_id,
    postgresql_where=sa.text("status = 'merged' AND account_id IS NOT NULL"),
)
sa.Index("cart_created_at", cart.c.created_at, postgresql_using="brin")

orders = sa.Table(
    "orders",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    _uuid("cart_id"),
    sa.Column("number", sa.Text, nullable=False),
    _uuid("account_id", nullable=True),
    sa.Column("token_generation", sa.SmallInteger, nullable=False),
    _text("status"),
    _text("payment_status"),
    _text("fulfilment_status"),
    _text("cancel_reason"),
    _text("currency"),
    _text("email"),
    _text("locale"),
    sa.Column("shipping_address", pg.JSONB, nullable=False),
    *_totals(),
    _text("rounding_policy"),
    _uuid("payment_id", nullable=True),
    sa.Column("payment_sequence", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("next_action", pg.JSONB),
    sa.Column("refusal", pg.JSONB),
    _time("expires_at", nullable=True),
    _time("confirmed_at", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    sa.Column("version", sa.BigInteger, nullable=False),
    _text("saga_step"),
    sa.Column("saga_attempts", sa.Integer, nullable=False),
    _time("saga_next_at", nullable=True),
    _time("hold_until"),
    sa.Column("payment_method", pg.JSONB),
    _text("traceparent"),
    sa.Column("steps", pg.JSONB, nullable=False, server_default=sa.text("'[]'")),
    sa.Column("holder", sa.BigInteger),
    sa.Column("held_units", sa.Integer),
    sa.UniqueConstraint("number", name="orders_number_key"),
    sa.CheckConstraint(
        "status IN ('pending', 'awaiting_payment', 'confirmed', 'completed', 'cancelled')",
        name="orders_status",
    ),
    sa.CheckConstraint(
        "saga_step IN ('reserving', 'authorizing', 'waiting', 'confirming', 'settling', 'done',"
        " 'compensating', 'cancelled')",
        name="orders_saga_step",
    ),
    sa.CheckConstraint(
        "(saga_step IN ('done', 'cancelled')) = (saga_next_at IS NULL)", name="orders_saga_due"
    ),
    sa.CheckConstraint(
        "total_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor + duty_minor",
        name="orders_total",
    ),
)
sa.Index(
    "orders_live_of_cart",
    orders.c.cart_id,
    unique=True,
    postgresql_where=sa.text("status <> 'cancelled'"),
)
sa.Index(
    "orders_of_account",
    orders.c.account_id,
    orders.c.id,
    postgresql_where=sa.text("account_id IS NOT NULL"),
)
sa.Index(
    "orders_saga_next_at",
    orders.c.saga_next_at,
    postgresql_where=sa.text("saga_next_at IS NOT NULL"),
)

sa.Index("orders_holder", orders.c.holder, postgresql_where=sa.text("holder IS NOT NULL"))

seller_order = sa.Table(
    "seller_order",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("order_id", pg.UUID, sa.ForeignKey("orders.id"), nullable=False),
    _uuid("seller_id"),
    _text("seller_name"),
    _text("status"),
    _text("fulfilment_status"),
    *_totals(),
    _time("confirmed_at", nullable=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
sa.Index("seller_order_order_id", seller_order.c.order_id)
sa.Index(
    "seller_order_of_seller",
    seller_order.c.seller_id,
    seller_order.c.confirmed_at,
    seller_order.c.order_id,
    postgresql_where=sa.text("confirmed_at IS NOT NULL"),
)

order_line = sa.Table(
    "order_line",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    _uuid("order_id"),
    sa.Column("seller_order_id", pg.UUID, sa.ForeignKey("seller_order.id"), nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    _uuid("variant_id"),
    _uuid("product_id"),
    _uuid("seller_id"),
    _uuid("category_id", nullable=True),
    _text("title"),
    _text("sku"),
    sa.Column("quantity", sa.Integer, nullable=False),
    _minor("unit_price_minor"),
    _minor("line_total_minor"),
    _minor("discount_minor"),
    _minor("shipping_minor"),
    _minor("tax_minor"),
    _minor("duty_minor"),
    _minor("tax_included_minor"),
    _minor("settlement_amount_minor"),
    _text("settlement_currency"),
    _uuid("fx_rate_id", nullable=True),
    sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name="order_line_quantity"),
    sa.CheckConstraint("line_total_minor = unit_price_minor * quantity", name="order_line_total"),
)
sa.Index("order_line_order_id", order_line.c.order_id)

shipment = sa.Table(
    "shipment",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("order_id", pg.UUID, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("seller_order_id", pg.UUID, sa.ForeignKey("seller_order.id"), nullable=False),
    _uuid("seller_id"),
    _text("carrier"),
    _text("tracking_number"),
    _text("status"),
    sa.Column("items", pg.JSONB, nullable=False),
    sa.Column("events", pg.JSONB, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    _text("stock_step"),
    sa.Column("stock_attempts", sa.Integer, nullable=False),
    _time("stock_next_at", nullable=True),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("restock", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint(
        "status IN ('created', 'in_transit', 'out_for_delivery', 'delivered', 'failed',"
        " 'returned', 'cancelled')",
        name="shipment_status",
    ),
    sa.CheckConstraint(
        "stock_step IN ('shipping', 'shipped', 'returning', 'returned')",
        name="shipment_stock_step",
    ),
    sa.CheckConstraint(
        "(stock_step IN ('shipped', 'returned')) = (stock_next_at IS NULL)",
        name="shipment_stock_due",
    ),
)
sa.Index("shipment_order_id", shipment.c.order_id)
sa.Index(
    "shipment_tracking_number",
    shipment.c.tracking_number,
    postgresql_where=sa.text("tracking_number <> ''"),
)
sa.Index(
    "shipment_stock_next_at",
    shipment.c.stock_next_at,
    postgresql_where=sa.text("stock_next_at IS NOT NULL"),
)

deleted_account = sa.Table(
    "deleted_account",
    metadata,
    sa.Column("account_id", pg.UUID, primary_key=True),
    _time("deleted_at"),
)

carrier_update = sa.Table(
    "carrier_update",
    metadata,
    sa.Column("carrier", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    _text("tracking_number"),
    _text("status"),
    _time("occurred_at"),
    _text("location"),
    _time("received_at"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _time("next_attempt_at", nullable=True),
)
sa.Index(
    "carrier_update_waiting",
    carrier_update.c.tracking_number,
    postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
)
sa.Index(
    "carrier_update_due",
    carrier_update.c.next_attempt_at,
    postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
)

checkout_key = sa.Table(
    "checkout_key",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    _text("fingerprint"),
    _uuid("order_id"),
    _time("created_at"),
)
sa.Index("checkout_key_created_at", checkout_key.c.created_at, postgresql_using="brin")
