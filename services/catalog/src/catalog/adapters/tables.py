"""The schema for ``alembic check`` alone: a serving process imports no SQLAlchemy."""

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
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR, UUID

from chassis.migrations import chassis_tables

metadata = MetaData()
chassis_tables(metadata, audit_log=True)


def _id(name: str, *references: str, primary: bool = False) -> Column[object]:
    keys = [ForeignKey(target) for target in references]
    return Column(name, UUID(as_uuid=True), *keys, primary_key=primary, nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _int(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


seller = Table(
    "seller",
    metadata,
    _id("id", primary=True),
    _text("slug"),
    _text("name"),
    _text("country"),
    _text("currency"),
    _text("status"),
    Column("sequence", BigInteger, nullable=False),
    Index("seller_slug", "slug"),
)

category = Table(
    "category",
    metadata,
    _id("id", primary=True),
    Column("parent_id", UUID(as_uuid=True), ForeignKey("category.id")),
    _text("name"),
    _text("slug"),
    _time("created_at"),
    UniqueConstraint("slug", name="category_slug_key"),
    Index("category_parent_id", "parent_id"),
)

product = Table(
    "product",
    metadata,
    _id("id", primary=True),
    _id("seller_id", "seller.id"),
    _id("category_id", "category.id"),
    _text("slug"),
    _text("external_id"),
    _text("title"),
    _text("description"),
    _text("status"),
    Column("options", JSONB, nullable=False),
    Column("attributes", JSONB, nullable=False),
    _int("rating_average_hundredths"),
    _int("rating_count"),
    Column("version", BigInteger, nullable=False),
    _time("created_at"),
    _time("updated_at"),
    _time("published_at", nullable=True),
    Column("document", LargeBinary, nullable=False),
    CheckConstraint("status IN ('draft', 'active', 'archived')", name="product_status"),
    UniqueConstraint("slug", name="product_slug_key"),
    Index("product_category_id", "category_id"),
)
Index(
    "product_external_id",
    product.c.seller_id,
    product.c.external_id,
    unique=True,
    postgresql_where=product.c.external_id != "",
)

variant = Table(
    "variant",
    metadata,
    _id("id", primary=True),
    _id("product_id", "product.id"),
    _id("seller_id"),
    _int("position"),
    _text("sku"),
    _text("title"),
    Column("options", JSONB, nullable=False),
    Column("compare_at_minor", BigInteger),
    Column("compare_at_currency", Text),
    Column("weight_g", Integer),
    _time("removed_at", nullable=True),
    CheckConstraint("compare_at_minor BETWEEN 0 AND 9007199254740991", name="variant_compare_at"),
    CheckConstraint("weight_g >= 0", name="variant_weight"),
    Index("variant_product_id", "product_id", "position"),
)
Index(
    "variant_sku",
    variant.c.seller_id,
    variant.c.sku,
    unique=True,
    postgresql_where=variant.c.removed_at.is_(None),
)

price = Table(
    "price",
    metadata,
    _id("variant_id", "variant.id", primary=True),
    Column("currency", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    CheckConstraint("amount_minor BETWEEN 0 AND 9007199254740991", name="price_amount"),
)

media = Table(
    "media",
    metadata,
    _id("id", primary=True),
    _id("product_id", "product.id"),
    _int("position"),
    _text("alt"),
    Column("renditions", JSONB, nullable=False),
    _time("created_at"),
    Index("media_product_id", "product_id", "position"),
)

listing = Table(
    "listing",
    metadata,
    _id("product_id", "product.id", primary=True),
    _id("seller_id"),
    _id("category_id"),
    _time("published_at"),
    _int("rating_hundredths"),
    Column("in_stock", Boolean, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("search", TSVECTOR, nullable=False),
    Index("listing_newest", "published_at", "product_id"),
    Index("listing_rating", "rating_hundredths", "product_id"),
    Index("listing_seller", "seller_id", "published_at", "product_id"),
    Index("listing_category", "category_id", "published_at", "product_id"),
    Index("listing_search", "search", postgresql_using="gin"),
)

listing_price = Table(
    "listing_price",
    metadata,
    Column(
        "product_id",
        UUID(as_uuid=True),
        ForeignKey("listing.product_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("currency", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("wire", LargeBinary, nullable=False),
    Index("listing_price_amount", "currency", "amount_minor", "product_id"),
)

search_word = Table(
    "search_word",
    metadata,
    Column("word", Text, primary_key=True),
    Column("trigrams", ARRAY(Text), nullable=False),
    Index("search_word_trigrams", "trigrams", postgresql_using="gin"),
)

location = Table(
    "location",
    metadata,
    _id("id", primary=True),
    _text("type_id"),
    _id("seller_id", "seller.id"),
    _text("name"),
    _text("country"),
    Column("is_default", Boolean, nullable=False),
    _time("created_at"),
    Index("location_seller_id", "seller_id"),
)
Index(
    "location_default",
    location.c.seller_id,
    unique=True,
    postgresql_where=location.c.is_default,
)

stock = Table(
    "stock",
    metadata,
    _id("variant_id", "variant.id", primary=True),
    _id("location_id", "location.id", primary=True),
    _int("on_hand"),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("allocated", Integer, nullable=False, server_default="0"),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("held >= 0 AND allocated >= 0", name="stock_not_negative"),
    CheckConstraint("held + allocated <= on_hand", name="stock_not_oversold"),
)

order_hold = Table(
    "order_hold",
    metadata,
    _id("order_id", primary=True),
    _text("state"),
    _time("expires_at", nullable=True),
    Column("reason", Text, nullable=False, server_default=""),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("state IN ('held', 'allocated', 'expired', 'closed')", name="order_hold_state"),
)
Index(
    "order_hold_expiry",
    order_hold.c.expires_at,
    postgresql_where=order_hold.c.state == "held",
)

reservation = Table(
    "reservation",
    metadata,
    _id("order_id", primary=True),
    _id("line_id", primary=True),
    _id("variant_id"),
    _id("location_id", primary=True),
    _int("quantity"),
    CheckConstraint("quantity > 0", name="reservation_quantity"),
)

stock_shipment = Table(
    "stock_shipment",
    metadata,
    _id("shipment_id", primary=True),
    _id("order_id"),
    Column("shipped_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    _time("returned_at", nullable=True),
    Index("stock_shipment_order_id", "order_id"),
)

shipped_stock = Table(
    "shipped_stock",
    metadata,
    _id("shipment_id", "stock_shipment.shipment_id", primary=True),
    _id("line_id", primary=True),
    _id("variant_id"),
    _id("location_id", primary=True),
    _int("quantity"),
    CheckConstraint("quantity > 0", name="shipped_stock_quantity"),
)

stock_touched = Table("stock_touched", metadata, _id("variant_id"))

job_gate = Table("job_gate", metadata, Column("name", Text, primary_key=True), _time("ran_at"))
