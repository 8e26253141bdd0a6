"""The tables that every service with a database may have, as SQL for first revisions.

A released text never changes: a later form of a table is a further text and a further revision.
"""

from __future__ import annotations

OUTBOX = (
    """
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL,
    name text NOT NULL,
    payload bytea NOT NULL,
    traceparent text NOT NULL,
    occurred_at timestamptz NOT NULL,
    claimed_until timestamptz,
    published_at timestamptz,
    CONSTRAINT outbox_aggregate_id_sequence_key UNIQUE (aggregate_id, sequence)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)
""",
    "CREATE INDEX outbox_unpublished ON outbox (occurred_at) WHERE published_at IS NULL",
    """
CREATE TABLE outbox_sequence (
    aggregate_id text PRIMARY KEY,
    last bigint NOT NULL
) WITH (fillfactor = 70)
""",
    """
CREATE TABLE relay_state (
    stream text PRIMARY KEY,
    created text NOT NULL
)
""",
    # The counter's row lock is kept until commit: numbers of an aggregate become visible in order.
    # clock_timestamp() is read after the lock, so that times of an aggregate do not run backwards.
    """
CREATE FUNCTION outbox_append(
    event_id uuid, event_name text, aggregate text, payload bytea, traceparent text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    INSERT INTO outbox_sequence AS s (aggregate_id, last) VALUES ($3, 1)
    ON CONFLICT (aggregate_id) DO UPDATE SET last = s.last + 1
    RETURNING s.last INTO number;
    INSERT INTO outbox (id, aggregate_id, sequence, name, payload, traceparent, occurred_at)
    VALUES ($1, $3, number, $2, $4, coalesce($5, ''), clock_timestamp());
    RETURN number;
END
$$
""",
)

INBOX = (
    """
CREATE TABLE inbox (
    event_id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now()
)
""",
    """
CREATE TABLE dead_letter (
    event_id uuid PRIMARY KEY,
    context text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL,
    traceparent text NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    error text NOT NULL,
    deliveries integer NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    redriven_at timestamptz
)
""",
)

IDEMPOTENCY = (
    """
CREATE TABLE idempotency_key (
    scope text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    state text NOT NULL,
    response bytea,
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
)
""",
    "CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at)",
)

AUDIT_LOG = (
    """
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    act text NOT NULL,
    outcome text NOT NULL,
    actor text NOT NULL,
    session text NOT NULL,
    subject text NOT NULL,
    address text NOT NULL,
    trace_id text NOT NULL,
    detail jsonb NOT NULL
)
""",
    "CREATE INDEX audit_log_actor ON audit_log (actor, id)",
    "CREATE INDEX audit_log_subject ON audit_log (subject, id)",
    "CREATE INDEX audit_log_act ON audit_log (act, id)",
    # A row may go when it is older than it has to be kept, and never before.
    """
CREATE FUNCTION audit_log_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '400 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation';
END
$$
""",
    """
CREATE TRIGGER audit_log_keep BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_keep()
""",
    """
CREATE TRIGGER audit_log_keep_all BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_keep()
""",
    """
CREATE FUNCTION audit_log_append(
    entry_id uuid, act text, outcome text, actor text, session text, subject text, address text,
    trace_id text, detail jsonb
) RETURNS uuid LANGUAGE sql AS $$
    INSERT INTO audit_log
        (id, at, act, outcome, actor, session, subject, address, trace_id, detail)
    VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING id
$$
""",
)
