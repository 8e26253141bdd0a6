"""What payments says of its own data to an auditor."""

from __future__ import annotations

from typing import Final

from chassis.audit import Audit, Check, Facts, SqlCheck
from chassis.audit_events import INBOX_CHECKS, INBOX_FACTS, OUTBOX_CHECKS, OUTBOX_FACTS
from chassis.database import Database

_CHECKS: Final[tuple[Check, ...]] = (
    SqlCheck(
        name="captured_within_authorized",
        promise="Of a payment, no more is captured than was authorized, and nothing unsaid.",
        repair="Compare with the provider's record of the payment; refund what is too much.",
        table="payment",
        key="id",
        prefix="pay",
        breaches="""
            SELECT id AS key, id AS subject, format('%s, and %s of %s %s captured', status,
                captured_minor, amount_minor, currency) AS explanation
            FROM payment WHERE {span id} AND (captured_minor NOT BETWEEN 0 AND amount_minor
                OR (captured_minor > 0) <> (status IN ('captured', 'partially_refunded',
                    'refunded', 'charged_back')))
        """,
    ),
    SqlCheck(
        name="refunds_within_captured",
        promise="Refunds, pending ones included, and disputes take at most what was captured, and a"
        " payment's sums are those of its refunds.",
        repair="Compare with the provider's record of the payment; correct the payment's sums.",
        table="payment",
        key="id",
        prefix="pay",
        breaches="""
            SELECT p.id AS key, p.id AS subject, format('captured %s; refunded %s and %s pending;'
                ' its refunds say %s and %s', p.captured_minor, p.refunded_minor,
                p.refunding_minor, coalesce(r.done, 0), coalesce(r.pending, 0)) AS explanation
            FROM payment p LEFT JOIN (
                SELECT payment_id, sum(amount_minor) FILTER (WHERE status = 'succeeded') AS done,
                    sum(amount_minor) FILTER (WHERE status = 'pending') AS pending
                FROM refund WHERE {span payment_id} GROUP BY payment_id
            ) AS r ON r.payment_id = p.id
            WHERE {span p.id} AND (
                p.refunded_minor + p.refunding_minor + p.disputed_minor > p.captured_minor
                OR p.refunded_minor <> coalesce(r.done, 0)
                OR p.refunding_minor <> coalesce(r.pending, 0))
        """,
    ),
    SqlCheck(
        name="one_payment_per_order",
        promise="An order has one payment, and a payment one attempt that is not over.",
        repair="Ask the provider which of them it holds; void or refund the others.",
        table="payment",
        key="order_id",
        prefix="ord",
        breaches="""
            SELECT p.order_id AS key, p.order_id AS subject, format('%s payments, %s attempts that'
                ' hold money', count(DISTINCT p.id), count(a.id)) AS explanation
            FROM payment p LEFT JOIN attempt a
                ON a.payment_id = p.id AND a.status IN ('authorized', 'captured')
            WHERE {span p.order_id}
            GROUP BY p.order_id HAVING count(DISTINCT p.id) > 1 OR count(a.id) > 1
        """,
    ),
    SqlCheck(
        name="ledger_balances",
        promise="The entries of a ledger transaction sum up to zero in each currency.",
        repair="Post a correcting transaction; entries are never changed.",
        table="ledger_entry",
        key="id",
        # A transaction's entries are made together, but a page may end between them: what does not
        # sum up within the page is summed up in full.
        breaches="""
            SELECT min(e.id::text)::uuid AS key, e.transaction_id AS subject, format('the %s of'
                ' %s does not balance: %s %s', min(e.event), min(e.order_id::text),
                sum(e.amount_minor), e.currency) AS explanation
            FROM ledger_entry e JOIN (
                SELECT transaction_id, currency FROM ledger_entry WHERE {span id}
                GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
            ) AS odd ON odd.transaction_id = e.transaction_id AND odd.currency = e.currency
            GROUP BY e.transaction_id, e.currency HAVING sum(e.amount_minor) <> 0
        """,
    ),
    SqlCheck(
        name="ledger_tells_payments",
        promise="What the ledger says was captured and refunded of an order is what its payment"
        " says.",
        repair="Compare both with the provider's record; post what is missing, or correct the"
        " payment.",
        table="payment",
        key="order_id",
        prefix="ord",
        breaches="""
            SELECT p.order_id AS key, p.order_id AS subject, format('the payment says %s captured'
                ' and %s refunded, the ledger %s and %s', p.captured_minor, p.refunded_minor,
                coalesce(e.captured, 0), coalesce(e.refunded, 0)) AS explanation
            FROM payment p LEFT JOIN (
                SELECT order_id,
                    sum(amount_minor) FILTER (WHERE event IN ('capture', 'cash_collected'))
                        AS captured,
                    sum(amount_minor) FILTER (WHERE event = 'refund_succeeded') AS refunded
                FROM ledger_entry
                WHERE {span order_id} AND amount_minor > 0
                    AND event IN ('capture', 'cash_collected', 'refund_succeeded')
                GROUP BY order_id
            ) AS e ON e.order_id = p.order_id
            WHERE {span p.order_id} AND (p.captured_minor, p.refunded_minor)
                <> (coalesce(e.captured, 0), coalesce(e.refunded, 0))
        """,
    ),
    SqlCheck(
        name="payments_progress",
        promise="A payment with an open end is looked after when its time comes.",
        repair="See whether a payments process runs and the provider answers it.",
        severity="warning",
        table="payment",
        key="id",
        rows="next_check_at IS NOT NULL",
        prefix="pay",
        breaches="""
            SELECT id AS key, id AS subject, format('%s, due at %s, looked at %s times in vain',
                status, to_char(next_check_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), checks)
                AS explanation
            FROM payment WHERE {span id}
                AND next_check_at < now() - make_interval(secs => %(grace)s)
        """,
    ),
)

# Orders never says "kept": whatever else both say of it, it is looked at.
_MONEY: Final = Facts(
    name="order_money",
    table="payment",
    key="order_id",
    facts="""
        SELECT p.order_id AS key, CASE
            WHEN p.closed_at IS NOT NULL AND (p.status = 'authorized'
                OR p.captured_minor > p.refunded_minor + p.disputed_minor) THEN 'kept'
            WHEN p.closed_at IS NOT NULL THEN 'closed'
            WHEN p.status IN ('failed', 'voided') OR p.status = 'none'
                AND EXISTS (SELECT FROM attempt a WHERE a.payment_id = p.id) THEN 'open'
            ELSE 'live ' || p.amount_minor || ' ' || p.currency
        END || ' ' || p.status AS words, jsonb_build_object(
            'status', p.status, 'amount', p.amount_minor, 'currency', p.currency,
            'captured', p.captured_minor, 'refunded', p.refunded_minor,
            'refunding', p.refunding_minor, 'disputed', p.disputed_minor,
            'closed', p.closed_at IS NOT NULL,
            'provider', p.provider,
            'attempts', (SELECT count(*) FROM attempt a WHERE a.payment_id = p.id)) AS detail
        FROM payment p WHERE {span p.order_id}
    """,
)


def audit_of(db: Database, *others: Check) -> Audit:
    """Return what can be asked of this database, and by other checks."""
    return Audit(
        db,
        (*_CHECKS, *others, *OUTBOX_CHECKS, *INBOX_CHECKS),
        (_MONEY, OUTBOX_FACTS, INBOX_FACTS),
    )
