"""The SQL of the payment repository, one statement per step.

Rows go in as one JSON document each: arrays of parameters took a quarter of the process's time,
because psycopg builds them element by element in Python.
"""

from __future__ import annotations

from functools import cache

from payments.domain.postings import REFUNDABLE

OPEN = """
WITH input AS (
    SELECT * FROM jsonb_to_recordset(%(payments)s::jsonb) AS i (
        id uuid, order_id uuid, provider text, amount_minor bigint, currency text, splits jsonb,
        expires_at timestamptz, next_check_at timestamptz, created_at timestamptz,
        attempt_id uuid, token text, phone text
    )
), opened AS (
    INSERT INTO payment (
        id, order_id, provider, status, amount_minor, currency, splits, captured_minor,
        refunded_minor, refunding_minor, failure, late, expires_at, closed_at, close_reason,
        next_check_at, checks, version, created_at, updated_at
    )
    SELECT id, order_id, provider, 'none', amount_minor, currency, splits, 0, 0, 0, '',
        false, expires_at, NULL, '', next_check_at, 0, 0, created_at, created_at
    FROM input
    ON CONFLICT (order_id) DO NOTHING
    RETURNING id
), tried AS (
    INSERT INTO attempt (id, payment_id, status, code, token, phone, called_at, created_at)
    SELECT attempt_id, id, 'started', '', token, phone, created_at, created_at
    FROM input JOIN opened USING (id) WHERE attempt_id IS NOT NULL
)
SELECT id FROM opened
"""

_COLUMNS = """
p.id, p.order_id, p.provider, p.status, p.amount_minor, p.currency, p.splits, p.captured_minor,
p.refunded_minor, p.refunding_minor, p.disputed_minor, p.failure, p.late, p.expires_at,
p.closed_at, p.checks, p.version, p.created_at, a.id AS attempt_id, a.status AS attempt_status,
a.code AS attempt_code, a.token, a.phone, a.reference, a.action_url, a.called_at,
a.created_at AS attempt_created_at
"""

_CLAIMS = """
(
    SELECT jsonb_agg(jsonb_build_object(
        'id', r.id, 'amount_minor', r.amount_minor, 'status', r.status, 'reason', r.reason,
        'lines', r.lines, 'is_cancellation', r.is_cancellation, 'created_at', r.created_at
    ) ORDER BY r.created_at, r.id)
    FROM refund r WHERE r.payment_id = p.id
) AS refunds,
(
    SELECT jsonb_agg(jsonb_build_object(
        'id', d.id, 'reference', d.reference, 'amount_minor', d.amount_minor,
        'fee_minor', d.fee_minor, 'reason', d.reason, 'lines', d.lines, 'status', d.status,
        'created_at', d.created_at
    ) ORDER BY d.created_at, d.id)
    FROM dispute d WHERE d.payment_id = p.id
) AS disputes,
(
    SELECT jsonb_agg(jsonb_build_object(
        'seller_order_id', d.seller_order_id, 'delivered_at', d.delivered_at,
        'release_at', d.release_at, 'released_at', d.released_at, 'collected', d.collected,
        'commissions', d.commissions
    ) ORDER BY d.seller_order_id)
    FROM delivery d WHERE d.order_id = p.order_id
) AS deliveries
"""

_REFUNDABLE = ", ".join(f"('{event}', '{kind}')" for event, kind in sorted(REFUNDABLE))
_BOOKED = f"""
(
    SELECT coalesce(sum(e.amount_minor), 0)::bigint
    FROM ledger_entry e JOIN ledger_account l ON l.id = e.account_id
    WHERE e.order_id = p.order_id AND (e.event, l.kind) IN ({_REFUNDABLE})
) AS booked_minor
"""  # noqa: S608 - made of constants

_LOAD = f"""
SELECT {_COLUMNS}, {_CLAIMS}, {_BOOKED} FROM payment p LEFT JOIN attempt a ON a.payment_id = p.id
"""  # noqa: S608 - made of constants
BY_ID = _LOAD + "WHERE p.id = %(payment_id)s"
BY_ORDER = _LOAD + "WHERE p.order_id = %(order_id)s"
BY_ATTEMPT = _LOAD + "WHERE a.id = %(attempt_id)s"
# The second condition is what the index's own condition is.
BY_REFERENCE = _LOAD + (
    "WHERE a.reference = %(reference)s AND a.reference <> '' AND p.provider = %(provider)s"
)
LOCK = "SELECT FROM payment WHERE id = %(payment_id)s FOR UPDATE"
LOCK_OF_SELLERS = """
SELECT FROM payment p WHERE p.id = %(payment_id)s AND EXISTS (
    SELECT FROM jsonb_to_recordset(p.splits) AS split (seller_id text)
    WHERE split.seller_id = ANY (%(sellers)s)
) FOR UPDATE
"""

# The version stays as it is: an intent is no change that anybody could have missed.
BEGIN_CAPTURES = f"""
WITH asked AS (
    UPDATE payment SET next_check_at = %(check_at)s
    WHERE order_id = ANY (%(order_ids)s::uuid[]) AND status = 'authorized' AND closed_at IS NULL
    RETURNING *
), p AS (
    SELECT * FROM asked
    UNION ALL
    SELECT * FROM payment
    WHERE order_id = ANY (%(order_ids)s::uuid[]) AND id NOT IN (SELECT id FROM asked)
)
SELECT {_COLUMNS}, NULL AS refunds, NULL AS disputes, NULL AS deliveries, 0 AS booked_minor
FROM p LEFT JOIN attempt a ON a.payment_id = p.id
"""  # noqa: S608 - made of constants

CLOSE = """
INSERT INTO payment AS p (
    id, order_id, provider, status, amount_minor, currency, splits, captured_minor,
    refunded_minor, refunding_minor, failure, late, closed_at, close_reason, checks, version,
    created_at, updated_at
)
VALUES (
    %(id)s, %(order_id)s, '', 'none', 0, '', '[]', 0, 0, 0, '', false, %(now)s, %(reason)s, 0, 0,
    %(now)s, %(now)s
)
ON CONFLICT (order_id) DO UPDATE SET
    closed_at = excluded.closed_at,
    close_reason = excluded.close_reason,
    next_check_at = CASE
        WHEN p.status IN ('none', 'authorized', 'captured', 'partially_refunded')
            AND EXISTS (SELECT FROM attempt a WHERE a.payment_id = p.id)
        THEN %(check_at)s
    END,
    version = p.version + 1,
    updated_at = excluded.updated_at
WHERE p.closed_at IS NULL
RETURNING p.id
"""

CLAIM_DUE = """
WITH due AS (
    SELECT id FROM payment WHERE next_check_at <= %(now)s
    ORDER BY next_check_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE payment p SET
    next_check_at = %(now)s + interval '5 seconds' * 2 ^ least(p.checks, 6),
    checks = p.checks + 1
FROM due WHERE p.id = due.id
RETURNING p.id
"""

# The ids stand there once more as an array: the plan is made once, while the table is small, and by
# the join alone it would read the whole table ever after.
_SAVED = """
WITH input AS (
    SELECT * FROM jsonb_to_recordset(%(payments)s::jsonb) AS i (
        id uuid, version bigint, status text, captured_minor bigint, refunded_minor bigint,
        refunding_minor bigint, disputed_minor bigint, failure text, late boolean, checks integer,
        next_check_at timestamptz, attempt_status text, attempt_code text, called_at timestamptz,
        reference text, action_url text
    )
), saved AS (
    UPDATE payment p SET
        status = i.status, captured_minor = i.captured_minor,
        refunded_minor = i.refunded_minor, refunding_minor = i.refunding_minor,
        disputed_minor = i.disputed_minor,
        failure = i.failure, late = i.late, checks = i.checks, next_check_at = i.next_check_at,
        version = p.version + 1, updated_at = %(now)s
    FROM input i WHERE p.id = ANY (%(ids)s::uuid[]) AND p.id = i.id AND p.version = i.version
    RETURNING p.id, p.order_id
), tried AS (
    UPDATE attempt a SET
        status = i.attempt_status, code = i.attempt_code, called_at = i.called_at,
        reference = i.reference, action_url = i.action_url,
        token = CASE WHEN i.attempt_status IN ('started', 'unknown') THEN a.token ELSE '' END,
        phone = CASE WHEN i.attempt_status IN ('started', 'unknown') THEN a.phone ELSE '' END
    FROM input i JOIN saved s ON s.id = i.id
    WHERE a.payment_id = i.id
        AND (a.status <> i.attempt_status OR a.called_at <> i.called_at
            OR a.reference <> i.reference OR a.action_url <> i.action_url)
)
"""

_REFUNDED = """
, refunded AS (
    INSERT INTO refund AS r (
        id, payment_id, amount_minor, status, reason, lines, is_cancellation, created_at,
        updated_at
    )
    SELECT i.id, i.payment_id, i.amount_minor, i.status, i.reason, i.lines,
        i.is_cancellation, i.created_at, %(now)s
    FROM jsonb_to_recordset(%(refunds)s::jsonb) AS i (
        id uuid, payment_id uuid, amount_minor bigint, status text, reason text, lines jsonb,
        is_cancellation boolean, created_at timestamptz
    ) JOIN saved s ON s.id = i.payment_id
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
    WHERE r.status <> excluded.status
)
"""

_DISPUTED = """
, disputed AS (
    INSERT INTO dispute AS d (
        id, payment_id, reference, amount_minor, fee_minor, reason, lines, status, created_at,
        updated_at
    )
    SELECT i.id, i.payment_id, i.reference, i.amount_minor, i.fee_minor, i.reason, i.lines,
        i.status, i.created_at, %(now)s
    FROM jsonb_to_recordset(%(disputes)s::jsonb) AS i (
        id uuid, payment_id uuid, reference text, amount_minor bigint, fee_minor bigint,
        reason text, lines jsonb, status text, created_at timestamptz
    ) JOIN saved s ON s.id = i.payment_id
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at
    WHERE d.status <> excluded.status
)
"""

_DELIVERED = """
, delivered AS (
    UPDATE delivery d SET released_at = i.released_at, collected = i.collected,
        commissions = i.commissions
    FROM jsonb_to_recordset(%(deliveries)s::jsonb) AS i (
        seller_order_id text, payment_id uuid, released_at timestamptz, collected boolean,
        commissions jsonb
    ) JOIN saved s ON s.id = i.payment_id
    WHERE d.seller_order_id = i.seller_order_id
        AND (d.released_at, d.collected, d.commissions)
            IS DISTINCT FROM (i.released_at, i.collected, i.commissions)
)
"""

_POSTED = """
, posted AS (
    INSERT INTO ledger_entry (
        id, transaction_id, event, account_id, amount_minor, currency, order_id, created_at
    )
    SELECT i.id, i.transaction_id, i.event, i.account_id, i.amount_minor, i.currency, s.order_id,
        %(now)s
    FROM jsonb_to_recordset(%(entries)s::jsonb) AS i (
        id uuid, payment_id uuid, transaction_id uuid, event text, account_id uuid,
        amount_minor bigint, currency text
    )
    JOIN saved s ON s.id = i.payment_id
)
"""

# A function with an effect belongs into the final SELECT: there it runs once per row, and for saved
# payments only.
_TOLD = """
SELECT s.id, CASE WHEN e.id IS NOT NULL
    THEN outbox_append(e.id, e.name, e.aggregate, e.payload, e.traceparent) END AS sequence
FROM saved s LEFT JOIN jsonb_to_recordset(%(events)s::jsonb) AS e (
    id uuid, payment_id uuid, name text, aggregate text, payload bytea, traceparent text
) ON e.payment_id = s.id
"""


_PARTS = {
    "refunds": _REFUNDED,
    "disputes": _DISPUTED,
    "deliveries": _DELIVERED,
    "entries": _POSTED,
}


@cache
def save(given: frozenset[str]) -> str:
    """Return the one statement that saves payments with what changed beside them.

    ``given`` names the parameters with rows. Parts without any are left out, because even an empty
    part costs its planning and its triggers.
    """
    parts = [sql for name, sql in _PARTS.items() if name in given]
    return "".join([_SAVED, *parts, _TOLD if "events" in given else "SELECT id FROM saved"])
