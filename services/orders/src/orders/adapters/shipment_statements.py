"""The SQL of parcels and of what carriers tell."""

from __future__ import annotations

# The order's version decides between parcels, cancellations and payments' news that meet.
SAVE = """
WITH moved AS (
    UPDATE orders SET status = %(status)s, fulfilment_status = %(fulfilment_status)s,
        updated_at = %(updated_at)s, version = %(version)s
    WHERE id = %(order_id)s AND version = %(from_version)s
    RETURNING id
), part AS (
    UPDATE seller_order p SET status = %(part_status)s,
        fulfilment_status = %(part_fulfilment_status)s, version = p.version + 1
    FROM moved WHERE p.id = %(seller_order_id)s AND p.order_id = moved.id
), parcel AS (
    INSERT INTO shipment AS s (id, order_id, seller_order_id, seller_id, carrier, tracking_number,
        status, items, events, created_at, updated_at, stock_step, stock_attempts, stock_next_at,
        reason, restock)
    SELECT %(id)s, moved.id, %(seller_order_id)s, %(seller_id)s, %(carrier)s, %(tracking_number)s,
        %(shipment_status)s, %(items)s::jsonb, %(log)s::jsonb, %(created_at)s, %(updated_at)s,
        'shipping', 0, %(updated_at)s, %(reason)s, %(restock)s
    FROM moved
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, events = excluded.events,
        updated_at = excluded.updated_at,
        stock_step = CASE WHEN s.stock_step = 'shipped' AND excluded.status = 'returned'
            THEN 'returning' ELSE s.stock_step END,
        stock_next_at = CASE WHEN s.stock_step = 'shipped' AND excluded.status = 'returned'
            THEN excluded.updated_at ELSE s.stock_next_at END
), awaited AS (
    UPDATE carrier_update u SET next_attempt_at = %(updated_at)s
    FROM moved
    WHERE u.tracking_number = %(tracking_number)s AND u.next_attempt_at IS NOT NULL
      AND %(tracking_number)s <> '' AND u.carrier = lower(%(carrier)s)
)
SELECT moved.id, CASE WHEN e.event_id IS NOT NULL
    THEN outbox_append(e.event_id, e.event_name, e.aggregate, e.payload, e.traceparent) END
FROM moved LEFT JOIN jsonb_to_recordset(%(told)s::jsonb) AS e(event_id uuid, event_name text,
    aggregate text, payload bytea, traceparent text) ON true
"""

CLAIM_STOCK = """
WITH due AS (
    SELECT id FROM shipment WHERE stock_next_at <= %(now)s
    ORDER BY stock_next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE shipment s SET stock_next_at = %(until)s, stock_attempts = s.stock_attempts + 1
FROM due WHERE s.id = due.id
RETURNING s.id, s.order_id, s.stock_step, s.items, s.stock_attempts - 1 AS attempts,
    s.status = 'cancelled' AS refunds, s.reason
"""

# A parcel may come back before catalog heard that it left: then the way back is due next, as it is
# for cancelled units that go on sale again.
STOCK_MOVED = """
UPDATE shipment SET stock_attempts = 0,
    stock_step = CASE WHEN stock_step = 'returning' THEN 'returned'
        WHEN status = 'returned' OR restock THEN 'returning' ELSE 'shipped' END,
    stock_next_at = CASE
        WHEN stock_step = 'shipping' AND (status = 'returned' OR restock) THEN %(now)s::timestamptz
    END
WHERE id = %(id)s AND stock_step = %(step)s
"""

STOCK_LATER = """
UPDATE shipment SET stock_next_at = %(at)s WHERE id = %(id)s AND stock_step = %(step)s
"""

STORE_UPDATE = """
INSERT INTO carrier_update (carrier, event_id, tracking_number, status, occurred_at, location,
    received_at, attempts, next_attempt_at)
VALUES (lower(%(carrier)s), %(event_id)s, %(tracking_number)s, %(status)s, %(occurred_at)s,
    %(location)s, %(now)s, 0, %(now)s)
ON CONFLICT (carrier, event_id) DO NOTHING
"""

CLAIM_UPDATES = """
WITH due AS (
    SELECT carrier, event_id FROM carrier_update WHERE next_attempt_at <= %(now)s
    ORDER BY next_attempt_at, received_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE carrier_update u SET next_attempt_at = %(until)s, attempts = u.attempts + 1
    FROM due WHERE u.carrier = due.carrier AND u.event_id = due.event_id
    RETURNING u.*
)
SELECT * FROM claimed ORDER BY received_at
"""

SHIPMENTS_OF = """
SELECT id, order_id, seller_id FROM shipment
WHERE tracking_number = %(tracking_number)s AND tracking_number <> ''
  AND lower(carrier) = lower(%(carrier)s)
ORDER BY id
"""

UPDATE_AGAIN = """
UPDATE carrier_update SET next_attempt_at = %(at)s
WHERE carrier = lower(%(carrier)s) AND event_id = %(event_id)s
"""
