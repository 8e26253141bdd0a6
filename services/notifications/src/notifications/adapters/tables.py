"""The tables of this service: the truth that alembic checks; no serving process imports this."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from chassis.migrations import chassis_tables

metadata = sa.MetaData()
chassis_tables(metadata, outbox=False, audit_log=True)

_NOW = sa.text("now()")

notification = sa.Table(
    "notification",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("account_id", pg.UUID, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("params", pg.JSONB, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("read_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index("ix_notification_inbox", notification.c.account_id, notification.c.id)
sa.Index(
    "ix_notification_unread",
    notification.c.account_id,
    postgresql_where=notification.c.read_at.is_(None),
)

account_locale = sa.Table(
    "account_locale",
    metadata,
    sa.Column("account_id", pg.UUID, primary_key=True),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("deleted_at", sa.TIMESTAMP(timezone=True)),
)

realtime_group = sa.Table(
    "realtime_group",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("last_sequence", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("order_version", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("touched_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=_NOW),
)
sa.Index("ix_realtime_group_touched", realtime_group.c.touched_at, postgresql_using="brin")

realtime_message = sa.Table(
    "realtime_message",
    metadata,
    sa.Column("group_name", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("sequence >= 1", name="ck_realtime_message_sequence"),
)
sa.Index("ix_realtime_message_created", realtime_message.c.created_at, postgresql_using="brin")

mail_delivery = sa.Table(
    "mail_delivery",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("dedupe_key", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("order_id", pg.UUID),
    sa.Column("account_id", pg.UUID),
    sa.Column("event_id", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("traceparent", sa.Text, nullable=False, server_default=sa.text("''")),
    sa.Column("params", pg.JSONB, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default=sa.text("'pending'")),
    sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("next_attempt_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("settled_at", sa.TIMESTAMP(timezone=True)),
    sa.CheckConstraint(
        "status IN ('pending', 'succeeded', 'dead')", name="ck_mail_delivery_status"
    ),
    sa.CheckConstraint(
        "(status = 'pending') = (settled_at IS NULL)", name="ck_mail_delivery_settled"
    ),
)
sa.Index("ix_mail_delivery_order", mail_delivery.c.order_id)
sa.Index(
    "ix_mail_delivery_due",
    mail_delivery.c.next_attempt_at,
    postgresql_where=mail_delivery.c.status == "pending",
)
sa.Index(
    "ix_mail_delivery_settled",
    mail_delivery.c.settled_at,
    postgresql_where=mail_delivery.c.status == "succeeded",
)

audit_report = sa.Table(
    "audit_report",
    metadata,
    sa.Column("id", pg.UUID, primary_key=True),
    sa.Column("started_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("finished_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("checked", pg.JSONB, nullable=False),
    sa.Column("findings", pg.JSONB, nullable=False),
)

audit_turn = sa.Table(
    "audit_turn",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("next_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
