"""The orders' SQL: one statement a step, each guarded by what was loaded.

A row of ``orders`` holds the order and its saga, so that one compare-and-set on version and step
decides between a checkout, an expiry, a payment's event and a cancellation.
"""

# ruff: noqa: S608 - the fragments are constants of this file.

from __future__ import annotations

from chassis.outbox import append_call

_LINE_COLUMNS = """id uuid, seller_order_id uuid, position smallint, variant_id uuid,
    product_id uuid, seller_id uuid, category_id uuid, title text, sku text, quantity integer,
    unit_price_minor bigint, line_total_minor bigint, discount_minor bigint, shipping_minor bigint,
    tax_minor bigint, duty_minor bigint, tax_included_minor bigint"""
_PART_COLUMNS = """id uuid, seller_id uuid, seller_name text, subtotal_minor bigint,
    discount_minor bigint, shipping_minor bigint, tax_minor bigint, duty_minor bigint,
    tax_included_minor bigint, total_minor bigint"""

# The guard is on the cart's version, because a statement that waited for a concurrent edit would
# otherwise check out the lines that it read before the edit.
PLACE = f"""
WITH taken AS (
    UPDATE cart SET status = 'checked_out', attempts = attempts + 1, order_id = %(id)s,
        updated_at = %(now)s
    WHERE id = %(cart_id)s AND status = 'open' AND version = %(cart_version)s
    RETURNING id
), placed AS (
    INSERT INTO orders (id, cart_id, number, account_id, token_generation, status, payment_status,
        fulfilment_status, cancel_reason, currency, email, locale, shipping_address,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        total_minor, rounding_policy, expires_at, created_at, updated_at, version, saga_step,
        saga_attempts, saga_next_at, hold_until, payment_method, traceparent)
    SELECT %(id)s, taken.id, %(number)s, %(account_id)s, %(token_generation)s, 'pending', 'none',
        'unfulfilled', '', %(currency)s, %(email)s, %(locale)s, %(shipping_address)s::jsonb,
        %(subtotal)s, %(discount)s, %(shipping)s, %(tax)s, %(duty)s, %(tax_included)s, %(total)s,
        %(rounding_policy)s, %(expires_at)s, %(now)s, %(now)s, 1, %(step)s, 0, %(next_at)s,
        %(hold_until)s, %(payment_method)s::jsonb, %(traceparent)s
    FROM taken RETURNING id
), parts AS (
    INSERT INTO seller_order (order_id, id, seller_id, seller_name, status, fulfilment_status,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        total_minor, version)
    SELECT placed.id, p.id, p.seller_id, p.seller_name, 'pending', 'unfulfilled', p.subtotal_minor,
        p.discount_minor, p.shipping_minor, p.tax_minor, p.duty_minor, p.tax_included_minor,
        p.total_minor, 1
    FROM placed, jsonb_to_recordset(%(parts)s::jsonb) AS p({_PART_COLUMNS})
), lines AS (
    INSERT INTO order_line (order_id, id, seller_order_id, position, variant_id, product_id,
        seller_id, category_id, title, sku, quantity, unit_price_minor, line_total_minor,
        discount_minor, shipping_minor, tax_minor, duty_minor, tax_included_minor,
        settlement_amount_minor, settlement_currency)
    SELECT placed.id, l.*, l.line_total_minor, %(currency)s
    FROM placed, jsonb_to_recordset(%(lines)s::jsonb) AS l({_LINE_COLUMNS})
), key AS (
    INSERT INTO checkout_key (scope, key, fingerprint, order_id, created_at)
    SELECT %(key_scope)s, %(key)s, %(key_fingerprint)s, placed.id, %(now)s FROM placed
)
SELECT {append_call()} FROM placed
"""

_DOCUMENT = """
    (SELECT jsonb_agg(l ORDER BY l.position) FROM order_line l WHERE l.order_id = {o}.id) AS lines,
    (SELECT jsonb_agg(s ORDER BY s.id) FROM seller_order s WHERE s.order_id = {o}.id) AS parts
"""

LOAD = f"SELECT o.*, {_DOCUMENT.format(o='o')} FROM orders o WHERE o.id = %(id)s"

PAGE_OF_ACCOUNT = f"""
SELECT o.*, {_DOCUMENT.format(o="o")} FROM orders o
WHERE o.account_id = %(account_id)s AND (%(before)s::uuid IS NULL OR o.id < %(before)s::uuid)
ORDER BY o.id DESC LIMIT %(limit)s
"""

PAGE_OF_SELLER = f"""
SELECT o.*, {_DOCUMENT.format(o="o")}
FROM seller_order part JOIN orders o ON o.id = part.order_id
WHERE part.seller_id = %(seller_id)s AND part.confirmed_at IS NOT NULL
  AND (%(before_id)s::uuid IS NULL
       OR (part.confirmed_at, part.order_id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
ORDER BY part.confirmed_at DESC, part.order_id DESC LIMIT %(limit)s
"""

SAVE_SAGA = """
UPDATE orders SET saga_step = %(step)s, saga_attempts = %(attempts)s, saga_next_at = %(next_at)s,
    hold_until = %(hold_until)s
WHERE id = %(id)s AND version = %(from_version)s AND saga_step = %(from_step)s
"""

_ANSWERED = """, answered AS (
    UPDATE idempotency_key SET state = 'succeeded', response = %(answer)s, locked_until = NULL
    FROM saved
    WHERE scope = %(answer_scope)s AND key = %(answer_key)s AND state = 'running'
      AND fingerprint = %(answer_fingerprint)s
)"""

_SAVE = f"""
WITH saved AS (
    UPDATE orders SET status = %(status)s, payment_status = %(payment_status)s,
        cancel_reason = %(cancel_reason)s, payment_id = %(payment_id)s,
        next_action = %(next_action)s::jsonb, refusal = %(refusal)s::jsonb,
        expires_at = %(expires_at)s, confirmed_at = %(confirmed_at)s, updated_at = %(updated_at)s,
        version = %(version)s, saga_step = %(step)s, saga_attempts = %(attempts)s,
        saga_next_at = %(next_at)s, hold_until = %(hold_until)s
    WHERE id = %(id)s AND version = %(from_version)s AND saga_step = %(from_step)s
    RETURNING id
){{parts}}{{answered}}
SELECT CASE WHEN %(event_id)s::uuid IS NOT NULL THEN {append_call()} END FROM saved
"""
_PARTS = """, parts AS (
    UPDATE seller_order SET status = %(status)s, confirmed_at = %(confirmed_at)s,
        version = seller_order.version + 1
    FROM saved WHERE seller_order.order_id = saved.id
)"""
SAVE_PAYMENT = _SAVE.format(parts="", answered="")
SAVE_STATUS = _SAVE.format(parts=_PARTS, answered="")
SAVE_STATUS_AND_ANSWER = _SAVE.format(parts=_PARTS, answered=_ANSWERED)

_FINISH = """
WITH finished AS (
    UPDATE orders SET saga_step = %(step)s, saga_attempts = 0, saga_next_at = NULL,
        payment_method = NULL
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
SAVE_SETTLED = """
WITH ended AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[], %(event_ids)s::uuid[],
        %(aggregates)s::text[], %(payloads)s::bytea[], %(traceparents)s::text[])
        AS t(id, version, event_id, aggregate, payload, traceparent)
), locked AS MATERIALIZED (
    SELECT o.id, o.version = ended.version AND ended.event_id IS NOT NULL AS captures
    FROM orders o JOIN ended ON ended.id = o.id
    WHERE o.saga_step = 'settling' ORDER BY o.id FOR UPDATE OF o
), saved AS (
    UPDATE orders o SET saga_step = 'done', saga_attempts = 0, saga_next_at = NULL,
        payment_method = NULL,
        payment_status = CASE WHEN captures THEN 'captured' ELSE payment_status END,
        updated_at = CASE WHEN captures THEN %(now)s ELSE updated_at END,
        version = CASE WHEN captures THEN version + 1 ELSE version END
    FROM locked WHERE o.id = locked.id AND o.saga_step = 'settling'
    RETURNING o.id, captures
)
SELECT outbox_append(ended.event_id, 'order_payment_changed', ended.aggregate, ended.payload,
    ended.traceparent)
FROM saved JOIN ended ON ended.id = saved.id WHERE saved.captures
"""

CLAIM_DUE = f"""
WITH due AS (
    SELECT id FROM orders WHERE saga_next_at <= %(now)s
    ORDER BY saga_next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE orders o SET saga_next_at = %(until)s FROM due WHERE o.id = due.id RETURNING o.*
)
SELECT claimed.*, {_DOCUMENT.format(o="claimed")} FROM claimed
"""

# An order that still asks for its payment by itself, or knows the news, needs no second look.
TOUCHED_BY = """
SELECT DISTINCT o.id
FROM unnest(%(ids)s::uuid[], %(statuses)s::text[]) AS news(id, status)
JOIN orders o ON o.id = news.id
WHERE o.payment_status <> news.status
  AND NOT (o.saga_step IN ('reserving', 'authorizing') AND o.saga_attempts = 0)
  AND NOT (news.status = 'authorized' AND o.payment_status <> 'none')
  AND NOT (o.saga_step = 'settling' AND news.status IN ('authorized', 'captured'))
"""
