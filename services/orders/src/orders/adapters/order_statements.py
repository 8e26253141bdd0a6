"""The orders' SQL: one statement a step, each guarded by what was loaded.

A row of ``orders`` holds the order and its saga, so that one compare-and-set on version and step
decides between a checkout, an expiry, a payment's event and a cancellation.
"""

# ruff: noqa: S608 - the fragments are constants of this file.

from __future__ import annotations

_LINE_COLUMNS = """id uuid, seller_order_id uuid, position smallint, variant_id uuid,
    product_id uuid, seller_id uuid, category_id uuid, title text, sku text, quantity integer,
    unit_price_minor bigint, line_total_minor bigint, discount_minor bigint, shipping_minor bigint,
    tax_minor bigint, duty_minor bigint, tax_included_minor bigint"""
_PART_COLUMNS = """id uuid, seller_id uuid, seller_name text, subtotal_minor bigint,
    discount_minor bigint, shipping_minor bigint, tax_minor bigint, duty_minor bigint,
    tax_included_minor bigint, total_minor bigint"""
_EVENT_COLUMNS = "event_id uuid, event_name text, aggregate text, payload bytea, traceparent text"
_APPEND = "outbox_append(i.event_id, i.event_name, i.aggregate, i.payload, i.traceparent)"

# The guard is on the cart's version, because a statement that waited for a concurrent edit would
# otherwise check out the lines that it read before the edit. Of several orders of one cart the
# UPDATE takes one. The ids stand there once more as an array, so that the plan, made while the
# table was small, never reads all of it. Orders of one holder that come at once count in order,
# those too that are not placed in the end: who finds no room may look again.
PLACE = f"""
WITH i AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(orders)s::jsonb) AS o(id uuid, cart_id uuid,
        cart_version bigint, number text, account_id uuid, token_generation smallint,
        currency text, email text, locale text, shipping_address jsonb, subtotal bigint,
        discount bigint, shipping bigint, tax bigint, duty bigint, tax_included bigint,
        total bigint, rounding_policy text, expires_at timestamptz, created_at timestamptz,
        step text, next_at timestamptz, hold_until timestamptz, payment_method jsonb,
        steps jsonb, key_scope text, key text, fingerprint text, parts jsonb, lines jsonb,
        holder bigint, units integer, most integer, {_EVENT_COLUMNS})
), held AS MATERIALIZED (
    SELECT i.id, i.holder IS NOT NULL AND i.most < coalesce(h.units, 0)
        + sum(i.units) OVER (PARTITION BY i.holder ORDER BY i.id) AS too_many
    FROM i LEFT JOIN units_held(%(holders)s::bigint[]) AS h USING (holder)
), taken AS (
    UPDATE cart SET status = 'checked_out', attempts = attempts + 1, order_id = i.id,
        updated_at = i.created_at
    FROM i JOIN held USING (id)
    WHERE cart.id = ANY (%(cart_ids)s::uuid[]) AND cart.id = i.cart_id
      AND cart.status = 'open' AND cart.version = i.cart_version AND NOT held.too_many
    RETURNING i.id
), placed AS (
    INSERT INTO orders (id, cart_id, number, account_id, token_generation, status, payment_status,
        fulfilment_status, cancel_reason, currency, email, locale, shipping_address,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        total_minor, rounding_policy, expires_at, created_at, updated_at, version, saga_step,
        saga_attempts, saga_next_at, hold_until, payment_method, steps, traceparent, holder,
        held_units)
    SELECT id, cart_id, number, account_id, token_generation, 'pending', 'none', 'unfulfilled', '',
        currency, email, locale, shipping_address, subtotal, discount, shipping, tax, duty,
        tax_included, total, rounding_policy, expires_at, created_at, created_at, 1, step, 0,
        next_at, hold_until, payment_method, steps, traceparent, holder, units
    FROM i JOIN taken USING (id) RETURNING id
), parts AS (
    INSERT INTO seller_order (order_id, id, seller_id, seller_name, status, fulfilment_status,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        total_minor, version)
    SELECT i.id, p.id, p.seller_id, p.seller_name, 'pending', 'unfulfilled', p.subtotal_minor,
        p.discount_minor, p.shipping_minor, p.tax_minor, p.duty_minor, p.tax_included_minor,
        p.total_minor, 1
    FROM placed JOIN i USING (id), jsonb_to_recordset(i.parts) AS p({_PART_COLUMNS})
), lines AS (
    INSERT INTO order_line (order_id, id, seller_order_id, position, variant_id, product_id,
        seller_id, category_id, title, sku, quantity, unit_price_minor, line_total_minor,
        discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        settlement_amount_minor, settlement_currency)
    SELECT i.id, l.*, l.line_total_minor, i.currency
    FROM placed JOIN i USING (id), jsonb_to_recordset(i.lines) AS l({_LINE_COLUMNS})
), key AS (
    INSERT INTO checkout_key (scope, key, fingerprint, order_id, created_at)
    SELECT i.key_scope, i.key, i.fingerprint, i.id, i.created_at FROM placed JOIN i USING (id)
)
SELECT i.id, held.too_many, CASE WHEN placed.id IS NOT NULL THEN {_APPEND} END AS sequence
FROM i JOIN held USING (id) LEFT JOIN placed USING (id)
"""

UNPAID_OF = """
SELECT id, held_units, expires_at FROM orders
WHERE holder = %(holder)s AND expires_at IS NOT NULL AND cart_id <> %(cart_id)s
ORDER BY expires_at
"""

DOCUMENT = """
    (SELECT jsonb_agg(l ORDER BY l.position) FROM order_line l WHERE l.order_id = {o}.id) AS lines,
    (SELECT jsonb_agg(s ORDER BY s.id) FROM seller_order s WHERE s.order_id = {o}.id) AS parts,
    (SELECT jsonb_agg(h ORDER BY h.created_at, h.id) FROM shipment h
     WHERE h.order_id = {o}.id) AS shipments
"""

LOAD = f"""
SELECT i.place, o.*, {DOCUMENT.format(o="o")}
FROM jsonb_to_recordset(%(wanted)s::jsonb) AS i(
    place integer, id uuid, everything boolean, reader uuid)
JOIN orders o ON o.id = i.id
WHERE o.id = ANY (%(ids)s::uuid[])
  AND (i.everything OR o.account_id IS NULL OR o.account_id = i.reader)
"""

PAGE_OF_ACCOUNT = f"""
SELECT o.*, {DOCUMENT.format(o="o")} FROM orders o
WHERE o.account_id = %(account_id)s AND (%(before)s::uuid IS NULL OR o.id < %(before)s::uuid)
ORDER BY o.id DESC LIMIT %(limit)s
"""

PAGE_OF_SELLER = f"""
SELECT o.*, {DOCUMENT.format(o="o")}
FROM seller_order part JOIN orders o ON o.id = part.order_id
WHERE part.seller_id = %(seller_id)s AND part.confirmed_at IS NOT NULL
  AND (%(before_id)s::uuid IS NULL
       OR (part.confirmed_at, part.order_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY part.confirmed_at DESC, part.order_id DESC LIMIT %(limit)s
"""

SAVE_SAGA = """
UPDATE orders SET saga_step = %(step)s, saga_attempts = %(attempts)s, saga_next_at = %(next_at)s,
    hold_until = %(hold_until)s, steps = steps || %(steps)s::jsonb
WHERE id = %(id)s AND version = %(from_version)s AND saga_step = %(from_step)s
"""

_ANSWERED = """, answered AS (
    UPDATE idempotency_key SET state = 'succeeded', response = %(answer)s, locked_until = NULL
    FROM saved
    WHERE scope = %(answer_scope)s AND key = %(answer_key)s AND state = 'running'
      AND fingerprint = %(answer_fingerprint)s
)"""

# Of several moves of one order the UPDATE takes one, and says which by its place.
_SAVE = f"""
WITH i AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(moves)s::jsonb) AS m(place integer, id uuid,
        from_version bigint, from_step text, status text, payment_status text, cancel_reason text,
        payment_id uuid, payment_sequence bigint, next_action jsonb, refusal jsonb,
        expires_at timestamptz, confirmed_at timestamptz, updated_at timestamptz,
        version bigint, step text, attempts integer, next_at timestamptz,
        hold_until timestamptz, steps jsonb, {_EVENT_COLUMNS})
), saved AS (
    UPDATE orders o SET status = i.status, payment_status = i.payment_status,
        cancel_reason = i.cancel_reason, payment_id = i.payment_id,
        payment_sequence = i.payment_sequence, next_action = i.next_action,
        refusal = i.refusal, expires_at = i.expires_at, confirmed_at = i.confirmed_at,
        updated_at = i.updated_at, version = i.version, saga_step = i.step,
        saga_attempts = i.attempts, saga_next_at = i.next_at, hold_until = i.hold_until,
        steps = o.steps || i.steps,
        holder = CASE WHEN i.expires_at IS NOT NULL THEN o.holder END
    FROM i
    WHERE o.id = ANY (%(ids)s::uuid[]) AND o.id = i.id AND o.version = i.from_version
      AND o.saga_step = i.from_step
    RETURNING i.place
){{parts}}{{answered}}
SELECT i.place, CASE WHEN i.event_id IS NOT NULL THEN {_APPEND} END
FROM saved JOIN i USING (place)
"""
_PARTS = """, parts AS (
    UPDATE seller_order p SET status = i.status, confirmed_at = i.confirmed_at,
        version = p.version + 1
    FROM saved JOIN i USING (place)
    WHERE p.order_id = ANY (%(ids)s::uuid[]) AND p.order_id = i.id
)"""
SAVE_PAYMENT = _SAVE.format(parts="", answered="")
SAVE_STATUS = _SAVE.format(parts=_PARTS, answered="")
SAVE_STATUS_AND_ANSWER = _SAVE.format(parts=_PARTS, answered=_ANSWERED)

_FINISH = """
WITH finished AS (
    UPDATE orders SET saga_step = %(step)s, saga_attempts = 0, saga_next_at = NULL,
        payment_method = NULL, steps = steps || %(steps)s::jsonb
    WHERE id = %(id)s AND version = %(from_version)s AND saga_step = %(from_step)s
    RETURNING id, cart_id
){reopened}
SELECT id FROM finished
"""
FINISH_COMPENSATION = _FINISH.format(reopened="")
FINISH_AND_REOPEN = _FINISH.format(
    reopened=""", reopened AS (
    UPDATE cart SET status = 'open', version = version + 1, updated_at = %(now)s,
        items = coalesce(%(items)s::jsonb, items)
    FROM finished
    WHERE cart.id = finished.cart_id AND cart.status = 'checked_out'
      AND cart.order_id = finished.id
)"""
)

# A payment's event may have told of the capture before this statement does: then only the saga
# ends. The rows are locked in id order, so that two batches cannot wait for each other.
SAVE_SETTLED = f"""
WITH i AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(ends)s::jsonb) AS e(id uuid, from_version bigint,
        updated_at timestamptz, steps jsonb, {_EVENT_COLUMNS})
), locked AS MATERIALIZED (
    SELECT o.id, o.version = i.from_version AND i.event_id IS NOT NULL AS captures
    FROM orders o JOIN i ON i.id = o.id
    WHERE o.id = ANY (%(ids)s::uuid[]) AND o.saga_step = 'settling' ORDER BY o.id FOR UPDATE OF o
), saved AS (
    UPDATE orders o SET saga_step = 'done', saga_attempts = 0, saga_next_at = NULL,
        payment_method = NULL, steps = o.steps || i.steps,
        payment_status = CASE WHEN captures THEN 'captured' ELSE payment_status END,
        updated_at = CASE WHEN captures THEN i.updated_at ELSE o.updated_at END,
        version = CASE WHEN captures THEN version + 1 ELSE version END
    FROM locked JOIN i USING (id)
    WHERE o.id = ANY (%(ids)s::uuid[]) AND o.id = locked.id AND o.saga_step = 'settling'
    RETURNING o.id, captures
)
SELECT {_APPEND} FROM saved JOIN i USING (id) WHERE saved.captures
"""

CLAIM_DUE = f"""
WITH due AS (
    SELECT id FROM orders WHERE saga_next_at <= %(now)s
    ORDER BY saga_next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE orders o SET saga_next_at = %(until)s FROM due WHERE o.id = due.id RETURNING o.*
)
SELECT claimed.*, {DOCUMENT.format(o="claimed")} FROM claimed
"""

# An order that still asks for its payment by itself, or knows the news, needs no second look.
TOUCHED_BY = """
SELECT DISTINCT o.id
FROM jsonb_to_recordset(%(news)s::jsonb) AS news(
    id uuid, status text, sequence bigint, goes_back boolean)
JOIN orders o ON o.id = news.id
WHERE o.id = ANY (%(ids)s::uuid[]) AND news.sequence > o.payment_sequence
  AND (o.payment_status <> news.status OR news.sequence > 2)
  AND NOT (news.status = 'authorized' AND (o.payment_status <> 'none'
           OR o.saga_step IN ('reserving', 'authorizing') AND o.saga_attempts = 0))
  AND NOT (o.saga_step = 'settling' AND o.payment_status = 'authorized'
           AND news.status = 'captured' AND NOT news.goes_back)
"""
