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
