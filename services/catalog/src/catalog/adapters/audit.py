"""What catalog says of its own data to an auditor."""

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
        name="stock_within_on_hand",
        promise="Of a variant at a location, 0 <= held + allocated <= on hand.",
        repair="Count the stock and set on_hand; where more was sold than is there, cancel or"
        " backorder the newest orders.",
        table="stock",
        key="variant_id",
        prefix="var",
        breaches="""
            SELECT variant_id AS key, variant_id AS subject, format('at %s held %s, allocated %s,'
                ' on hand %s', (SELECT type_id FROM location c WHERE c.id = location_id),
                held, allocated, on_hand) AS explanation
            FROM stock WHERE {span variant_id}
                AND NOT (held >= 0 AND allocated >= 0 AND held + allocated <= on_hand)
        """,
    ),
    SqlCheck(
        name="stock_counters",
        promise="Held and allocated are the sums of the reservations of held and allocated orders.",
        repair="Set held and allocated of the stock row to the sums, while nobody reserves it.",
        table="stock",
        key="variant_id",
        prefix="var",
        breaches="""
            SELECT variant_id AS key, variant_id AS subject, format('at %s held %s and allocated'
                ' %s, reservations say %s and %s',
                (SELECT type_id FROM location c WHERE c.id = location_id), coalesce(s.held, 0),
                coalesce(s.allocated, 0), coalesce(r.held, 0), coalesce(r.allocated, 0)
            ) AS explanation
            FROM (SELECT * FROM stock WHERE {span variant_id}) AS s
            FULL JOIN (
                SELECT v.variant_id, v.location_id,
                    sum(v.quantity) FILTER (WHERE h.state = 'held') AS held,
                    sum(v.quantity) FILTER (WHERE h.state = 'allocated') AS allocated
                FROM reservation v JOIN order_hold h ON h.order_id = v.order_id
                WHERE {span v.variant_id}
                GROUP BY v.variant_id, v.location_id
            ) AS r USING (variant_id, location_id)
            WHERE (coalesce(s.held, 0), coalesce(s.allocated, 0))
                <> (coalesce(r.held, 0), coalesce(r.allocated, 0))
        """,
    ),
    SqlCheck(
        name="holds_have_reservations",
        promise="Orders that hold stock have reservations; those that are closed have none.",
        repair="Release the order in catalog; if it is confirmed, reserve and commit it again.",
        table="order_hold",
        key="order_id",
        prefix="ord",
        breaches="""
            SELECT coalesce(h.order_id, r.order_id) AS key,
                coalesce(h.order_id, r.order_id) AS subject,
                format('the hold is %s and has %s units reserved', coalesce(h.state, 'missing'),
                    coalesce(r.units, 0)) AS explanation
            FROM (SELECT * FROM order_hold WHERE {span order_id}) AS h
            FULL JOIN (
                SELECT order_id, sum(quantity) AS units FROM reservation
                WHERE {span order_id} GROUP BY order_id
            ) AS r USING (order_id)
            WHERE CASE coalesce(h.state, 'closed')
                WHEN 'held' THEN r.order_id IS NULL
                WHEN 'allocated' THEN false -- What has shipped is no longer reserved.
                ELSE r.order_id IS NOT NULL
            END
        """,
    ),
    SqlCheck(
        name="holds_end",
        promise="A hold whose time is over is ended.",
        repair="See whether a catalog process runs; its worker ends holds every few seconds.",
        severity="warning",
        table="order_hold",
        key="order_id",
        rows="state = 'held'",
        prefix="ord",
        breaches="""
            SELECT order_id AS key, order_id AS subject, format('held until %s', expires_at)
                AS explanation
            FROM order_hold WHERE {span order_id} AND state = 'held'
                AND expires_at < now() - make_interval(secs => %(grace)s)
        """,
    ),
)

_STOCK: Final = Facts(
    name="order_stock",
    table="order_hold",
    key="order_id",
    facts="""
        SELECT h.order_id AS key, CASE h.state
            WHEN 'allocated' THEN 'allocated ' || coalesce(r.units, 0)
            WHEN 'closed' THEN 'closed' ELSE 'open'
        END AS words, jsonb_build_object(
            'state', h.state, 'units', coalesce(r.units, 0)) AS detail
        FROM order_hold h LEFT JOIN (
            SELECT order_id, sum(quantity) AS units FROM reservation
            WHERE {span order_id} GROUP BY order_id
        ) AS r ON r.order_id = h.order_id
        WHERE {span h.order_id}
    """,
)


def audit_of(db: Database) -> Audit:
    """Return what can be asked of this database."""
    return Audit(
        db,
        (*_CHECKS, *OUTBOX_CHECKS, *INBOX_CHECKS),
        (_STOCK, OUTBOX_FACTS, INBOX_FACTS),
    )
