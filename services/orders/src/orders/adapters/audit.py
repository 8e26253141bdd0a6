"""What orders says of its own data to an auditor."""

from __future__ import annotations

from typing import Final

from chassis.audit import Audit, Check, Facts, SqlCheck
from chassis.audit_events import (
    INBOX_CHECKS,
    INBOX_FACTS,
    OUTBOX_CHECKS,
    OUTBOX_FACTS,
)
from chassis.database import Database

_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="one_order_per_cart",
        promise="A cart has at most one order that is not cancelled.",
        repair="Cancel all but one of the cart's orders.",
        table="orders",
        key="cart_id",
        rows="status <> 'cancelled'",
        prefix="cart",
        breaches="""
            SELECT cart_id AS key, cart_id AS subject, format('%s orders of this cart are not'
                ' cancelled: %s', count(*), string_agg(number, ', ')) AS explanation
            FROM orders WHERE {span cart_id} AND status <> 'cancelled'
            GROUP BY cart_id HAVING count(*) > 1
        """,
    ),
    SqlCheck(
        name="order_totals",
        promise="An order's total is the sum of its sellers' parts, and those of their lines.",
        repair="Compare the order with its payment; correct the sums, then refund a difference.",
        table="orders",
        key="id",
        prefix="ord",
        breaches="""
            SELECT o.id AS key, o.id AS subject, format('the order says %s, its parts %s, its'
                ' lines a subtotal of %s where the order says %s', o.total_minor, p.total,
                l.subtotal, o.subtotal_minor) AS explanation
            FROM orders o
            LEFT JOIN (
                SELECT order_id, sum(total_minor) AS total FROM seller_order
                WHERE {span order_id} GROUP BY order_id
            ) AS p ON p.order_id = o.id
            LEFT JOIN (
                SELECT order_id, sum(line_total_minor) AS subtotal FROM order_line
                WHERE {span order_id} GROUP BY order_id
            ) AS l ON l.order_id = o.id
            WHERE {span o.id} AND (o.total_minor, o.subtotal_minor)
                IS DISTINCT FROM (p.total, l.subtotal)
        """,
    ),
    SqlCheck(
        name="order_states",
        promise="An order's status is one that its saga's step allows.",
        repair="Read the order's timeline; set the saga's step to the one that its status needs,"
        " so that a worker goes on from there.",
        table="orders",
        key="id",
        prefix="ord",
        breaches="""
            SELECT id AS key, id AS subject,
                format('the order is %s and its saga %s', status, saga_step) AS explanation
            FROM orders WHERE {span id} AND CASE
                WHEN status = 'cancelled' THEN saga_step NOT IN ('compensating', 'cancelled')
                WHEN status IN ('confirmed', 'completed')
                    THEN saga_step NOT IN ('settling', 'done')
                ELSE saga_step IN ('settling', 'done', 'compensating', 'cancelled')
            END
        """,
    ),
    SqlCheck(
        name="sagas_progress",
        promise="A checkout that has not ended is taken up again when its time comes.",
        repair="See whether an orders process runs and its log says why it cannot go on; catalog"
        " and payments have to answer it.",
        table="orders",
        key="id",
        rows="saga_next_at IS NOT NULL",
        severity="warning",
        prefix="ord",
        breaches="""
            SELECT id AS key, id AS subject, format('%s since %s after %s attempts, due at %s',
                saga_step, to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), saga_attempts,
                to_char(saga_next_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) AS explanation
            FROM orders WHERE {span id} AND saga_next_at IS NOT NULL AND (
                saga_next_at < now() - make_interval(secs => %(grace)s)
                OR expires_at < now() - make_interval(secs => %(grace)s)
                OR saga_step <> 'waiting'
                    AND updated_at < now() - make_interval(secs => 15 * %(grace)s)
            )
        """,
    ),
    SqlCheck(
        name="parcels_progress",
        promise="Catalog is told of every parcel that leaves or comes back, and of cancelled units,"
        " which payments refunds.",
        repair="See whether an orders process runs and its log says why catalog or payments"
        " refuses.",
        table="shipment",
        key="id",
        rows="stock_next_at IS NOT NULL",
        severity="warning",
        prefix="shp",
        breaches="""
            SELECT id AS key, id AS subject, format('%s since %s after %s attempts', stock_step,
                to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), stock_attempts) AS explanation
            FROM shipment WHERE {span id} AND stock_next_at IS NOT NULL
                AND updated_at < now() - make_interval(secs => %(grace)s)
        """,
    ),
    SqlCheck(
        name="units_ship_once",
        promise="Parcels and cancellations take no more units of a line than were bought.",
        repair="Compare the parcels with what left; correct the shipment that never did.",
        table="shipment",
        key="order_id",
        prefix="ord",
        breaches="""
            SELECT p.order_id AS key, p.order_id AS subject, format('%s units of line %s in'
                ' parcels, %s bought', p.units, p.line_id, l.quantity) AS explanation
            FROM (
                SELECT s.order_id, i.line_id, sum(i.quantity) AS units
                FROM shipment s, jsonb_to_recordset(s.items) AS i (line_id uuid, quantity integer)
                WHERE {span s.order_id} GROUP BY s.order_id, i.line_id
            ) AS p LEFT JOIN order_line l ON l.id = p.line_id AND l.order_id = p.order_id
            WHERE p.units > coalesce(l.quantity, 0)
        """,
    ),
)

# Payments never says "shipped" or "cancelled": whatever else both say of it, it is looked at.
# Cancelled units were refunded before their stock moves; rounding may take a minor unit of each.
_MONEY: Final = Facts(
    name="order_money",
    table="orders",
    key="id",
    facts="""
        SELECT o.id AS key, CASE
            WHEN o.status IN ('confirmed', 'completed')
                THEN 'live ' || o.total_minor || ' ' || o.currency
            WHEN o.saga_step = 'cancelled' THEN 'closed' ELSE 'open'
        END || ' ' || o.payment_status || CASE
            WHEN o.payment_status = 'authorized' AND o.fulfilment_status <> 'unfulfilled'
                THEN ' shipped' ELSE ''
        END || CASE
            WHEN o.status IN ('confirmed', 'completed') AND c.minor > 0 THEN ' cancelled' ELSE ''
        END AS words, jsonb_build_object(
            'status', o.status, 'step', o.saga_step, 'amount', o.total_minor,
            'currency', o.currency, 'payment_status', o.payment_status,
            'fulfilment', o.fulfilment_status, 'cancelled', coalesce(c.minor, 0)) AS detail
        FROM orders o LEFT JOIN (
            SELECT u.order_id, sum(greatest(0, u.units * (
                l.line_total_minor - l.discount_minor + l.shipping_minor + l.tax_minor
                + l.duty_minor) / l.quantity - u.units))::bigint AS minor
            FROM (
                SELECT s.order_id, i.line_id, sum(i.quantity)::bigint AS units
                FROM shipment s, jsonb_to_recordset(s.items) AS i (line_id uuid, quantity integer)
                WHERE {span s.order_id} AND s.status = 'cancelled' AND s.stock_step <> 'shipping'
                GROUP BY s.order_id, i.line_id
            ) AS u JOIN order_line l ON l.id = u.line_id AND l.order_id = u.order_id
            GROUP BY u.order_id
        ) AS c ON c.order_id = o.id
        WHERE {span o.id}
    """,
)

_STOCK: Final = Facts(
    name="order_stock",
    table="orders",
    key="id",
    facts="""
        SELECT o.id AS key, CASE
            WHEN o.status IN ('confirmed', 'completed')
                THEN 'allocated ' || coalesce(l.units, 0) - coalesce(p.units, 0)
            WHEN o.saga_step = 'cancelled' THEN 'closed' ELSE 'open'
        END AS words, jsonb_build_object(
            'status', o.status, 'step', o.saga_step,
            'units', coalesce(l.units, 0) - coalesce(p.units, 0)) AS detail
        FROM orders o LEFT JOIN (
            SELECT order_id, sum(quantity) AS units FROM order_line
            WHERE {span order_id} GROUP BY order_id
        ) AS l ON l.order_id = o.id
        LEFT JOIN (
            SELECT s.order_id, sum(i.quantity) AS units
            FROM shipment s, jsonb_to_recordset(s.items) AS i (quantity integer)
            WHERE {span s.order_id} AND s.stock_step <> 'shipping' GROUP BY s.order_id
        ) AS p ON p.order_id = o.id
        WHERE {span o.id}
    """,
)


def audit_of(db: Database) -> Audit:
    """Return what can be asked of this database."""
    return Audit(
        db,
        (*_CHECKS, *OUTBOX_CHECKS, *INBOX_CHECKS),
        (_MONEY, _STOCK, OUTBOX_FACTS, INBOX_FACTS),
    )
