"""Inbox entries, mail deliveries, real-time messages and the chassis tables."""

from __future__ import annotations

from alembic import op

from chassis.migrations import install_idempotency, install_inbox

revision = "0001"
down_revision = None

STATEMENTS = (
    """
CREATE TABLE notification (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    params jsonb NOT NULL,
    event_id text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz
)
""",
    "CREATE INDEX ix_notification_inbox ON notification (account_id, id)",
    "CREATE INDEX ix_notification_unread ON notification (account_id) WHERE read_at IS NULL",
    """
CREATE TABLE account_locale (
    account_id uuid PRIMARY KEY,
    locale text NOT NULL
)
""",
    """
CREATE TABLE realtime_group (
    name text PRIMARY KEY,
    last_sequence bigint NOT NULL DEFAULT 0,
    order_version bigint NOT NULL DEFAULT 0,
    touched_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70)
""",
    "CREATE INDEX ix_realtime_group_touched ON realtime_group USING brin (touched_at)",
    """
CREATE TABLE realtime_message (
    group_name text NOT NULL,
    sequence bigint NOT NULL,
    body text NOT NULL,
    event_id text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (group_name, sequence),
    CONSTRAINT ck_realtime_message_sequence CHECK (sequence >= 1)
)
""",
    "CREATE INDEX ix_realtime_message_created ON realtime_message USING brin (created_at)",
    """
CREATE TABLE mail_delivery (
    id uuid PRIMARY KEY,
    dedupe_key text NOT NULL UNIQUE,
    kind text NOT NULL,
    order_id uuid NOT NULL,
    account_id uuid,
    params jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_error text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT ck_mail_delivery_status CHECK (status IN ('pending', 'succeeded', 'dead')),
    CONSTRAINT ck_mail_delivery_settled CHECK ((status = 'pending') = (settled_at IS NULL))
) WITH (fillfactor = 80)
""",
    """
CREATE INDEX ix_mail_delivery_due ON mail_delivery (next_attempt_at) WHERE status = 'pending'
""",
    """
CREATE INDEX ix_mail_delivery_settled ON mail_delivery (settled_at) WHERE status = 'succeeded'
""",
)


def upgrade() -> None:
    install_inbox(op)
    install_idempotency(op)
    for statement in STATEMENTS:
        op.execute(statement)
