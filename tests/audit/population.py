"""A deployment with as many orders as wanted, made by SQL: what it holds is right.

Ids are UUIDv7 whose random bits are the order's number and what the id is of, so that each database
is filled alone and all agree. Of twenty orders one was refused, one cancelled and refunded, one
refunded in part and one is paid in cash; the rest are captured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from uuid import UUID

import psycopg

import catalog
import identity
import notifications
import orders
import payments
from chassis.migrations import upgrade

PACKAGES: Mapping[str, ModuleType] = {
    "identity": identity,
    "catalog": catalog,
    "orders": orders,
    "payments": payments,
    "notifications": notifications,
}
PORTION = 50_000
VARIANTS = 1000

# Two days ago, so that outboxes would still have the events.
_BEGAN_MS = int(time.time() * 1000) - 2 * 86_400_000

_FUNCTIONS = f"""
CREATE FUNCTION an_id(kind integer, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN (
    lpad(to_hex({_BEGAN_MS} + n * 10), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
    || '8' || lpad(to_hex(n), 15, '0'))::uuid;
CREATE FUNCTION happened(n bigint) RETURNS timestamptz LANGUAGE sql STABLE RETURN
    to_timestamp(({_BEGAN_MS} + n * 10) / 1000.0);
CREATE FUNCTION is_refused(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n % 20 = 0;
CREATE FUNCTION is_undone(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n % 20 = 1;
CREATE FUNCTION is_reduced(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n % 20 = 2;
CREATE FUNCTION is_cash(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n % 20 = 3;
CREATE FUNCTION is_charged(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN n % 20 NOT IN (0, 3);
CREATE FUNCTION is_live(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN n % 20 > 1;
CREATE FUNCTION paid(n bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN CASE n % 20
    WHEN 0 THEN 'none' WHEN 1 THEN 'refunded' WHEN 2 THEN 'partially_refunded' WHEN 3 THEN 'none'
    ELSE 'captured' END;
"""
_DROP = """
DROP FUNCTION an_id, happened, is_refused, is_undone, is_reduced, is_cash, is_charged, is_live, paid
"""

_OUTBOX = """
INSERT INTO outbox (id, aggregate_id, sequence, name, payload, traceparent, occurred_at,
    published_at)
SELECT an_id({kind}, n), '{prefix}_' || n, {sequence}, '{name}', '\\x0a', '', happened(n),
    happened(n)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n WHERE {when}
"""
_COUNTER = """
INSERT INTO outbox_sequence (aggregate_id, last)
SELECT '{prefix}_' || n, {last}
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n WHERE {when}
"""
_INBOX = """
INSERT INTO inbox (event_id, received_at) SELECT an_id({kind}, n), happened(n)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n WHERE {when}
"""
_EACH = "FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n"

PLACED, CONFIRMED, CHANGED, CANCELLED = 0x101, 0x102, 0x103, 0x104
CAPTURED, SETTLED = 0x201, 0x202


def _told(kind: int, prefix: str, name: str, sequence: int, when: str) -> str:
    return _OUTBOX.format(kind=kind, prefix=prefix, name=name, sequence=sequence, when=when)


def _heard(kind: int, when: str) -> str:
    return _INBOX.format(kind=kind, when=when)


_ORDERS = (
    f"""
    INSERT INTO orders (id, cart_id, number, token_generation, status, payment_status,
        fulfilment_status, cancel_reason, currency, email, locale, shipping_address,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor,
        tax_included_minor, total_minor, rounding_policy, payment_id, confirmed_at, created_at,
        updated_at, version, saga_step, saga_attempts, hold_until, traceparent)
    SELECT an_id(1, n), an_id(2, n), 'N' || n, 1,
        CASE WHEN is_live(n) THEN 'confirmed' ELSE 'cancelled' END, paid(n), 'unfulfilled', '',
        'KES', 'guest@test.example', 'en', '{{"city": "Nairobi"}}', 3000, 0, 0, 0, 0, 0, 3000,
        'half_up', an_id(3, n), happened(n), happened(n), happened(n), 3,
        CASE WHEN is_live(n) THEN 'done' ELSE 'cancelled' END, 0, happened(n), ''
    {_EACH}
    """,
    f"""
    INSERT INTO seller_order (id, order_id, seller_id, seller_name, status, fulfilment_status,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, duty_minor,
        tax_included_minor, total_minor, confirmed_at, version)
    SELECT an_id(4, n), an_id(1, n), an_id(5, mod(n, 6)), 'Seller',
        CASE WHEN is_live(n) THEN 'confirmed' ELSE 'cancelled' END, 'unfulfilled', 3000, 0, 0, 0,
        0, 0, 3000, happened(n), 1
    {_EACH}
    """,
    *(
        f"""
        INSERT INTO order_line (id, order_id, seller_order_id, position, variant_id, product_id,
            seller_id, title, sku, quantity, unit_price_minor, line_total_minor, discount_minor,
            shipping_minor, tax_minor, duty_minor, tax_included_minor, settlement_amount_minor,
            settlement_currency)
        SELECT an_id({kind}, n), an_id(1, n), an_id(4, n), {place}, an_id(7, {variant}),
            an_id(8, {variant}), an_id(5, mod(n, 6)), 'Kettle', 'SKU', {units}, 1000, {units}000,
            0, 0, 0, 0, 0, {units}000, 'KES'
        {_EACH}
        """
        for kind, place, variant, units in (
            (0x11, 0, f"mod(n, {VARIANTS})", 1),
            (0x12, 1, f"mod(n + 1, {VARIANTS})", 2),
        )
    ),
    _told(PLACED, "ord", "order_placed", 1, "true"),
    _told(CONFIRMED, "ord", "order_confirmed", 2, "NOT is_refused(n)"),
    _told(CHANGED, "ord", "order_payment_changed", 3, "is_charged(n)"),
    _told(CANCELLED, "ord", "order_cancelled", 2, "is_refused(n)"),
    _COUNTER.format(prefix="ord", last="CASE WHEN is_charged(n) THEN 3 ELSE 2 END", when="true"),
    _heard(CAPTURED, "is_charged(n)"),
    _heard(SETTLED, "is_undone(n) OR is_reduced(n)"),
)

_CATALOG = (
    f"""
    INSERT INTO order_hold (order_id, state, changed_at)
    SELECT an_id(1, n), CASE WHEN is_live(n) THEN 'allocated' ELSE 'closed' END, happened(n)
    {_EACH}
    """,
    *(
        f"""
        INSERT INTO reservation (order_id, line_id, variant_id, location_id, quantity)
        SELECT an_id(1, n), an_id({kind}, n), an_id(7, {variant}), an_id(9, 0), {units}
        {_EACH} WHERE is_live(n)
        """
        for kind, variant, units in (
            (0x11, f"mod(n, {VARIANTS})", 1),
            (0x12, f"mod(n + 1, {VARIANTS})", 2),
        )
    ),
    _told(0x301, "ord", "stock_reserved", 1, "NOT is_refused(n)"),
    _told(0x302, "ord", "stock_committed", 2, "NOT is_refused(n)"),
    _COUNTER.format(prefix="ord", last="2", when="NOT is_refused(n)"),
)
_GOODS = (
    """
    INSERT INTO seller (id, slug, name, country, currency, status, sequence)
    SELECT an_id(5, n), 's' || n, 'Seller', 'KE', 'KES', 'active', 1 FROM generate_series(0, 5) AS n
    """,
    """
    INSERT INTO location (id, type_id, seller_id, name, country, is_default, created_at)
    VALUES (an_id(9, 0), 'loc_01h455vb4pex5vsknk084sn02q', an_id(5, 0), 'Main', 'KE', true, now())
    """,
    """
    INSERT INTO category (id, name, slug, created_at)
    VALUES (an_id(6, 0), 'Kitchen', 'kitchen', now())
    """,
    f"""
    INSERT INTO product (id, seller_id, category_id, slug, external_id, title, description,
        status, options, attributes, rating_average_hundredths, rating_count, version, created_at,
        updated_at, document)
    SELECT an_id(8, n), an_id(5, 0), an_id(6, 0), 'p' || n, '', 'Kettle', '', 'draft', '[]', '{{}}',
        0, 0, 1, now(), now(), ''
    FROM generate_series(0, {VARIANTS} - 1) AS n
    """,
    f"""
    INSERT INTO variant (id, product_id, seller_id, position, sku, title, options)
    SELECT an_id(7, n), an_id(8, n), an_id(5, 0), 0, 'SKU' || n, '', '{{}}'
    FROM generate_series(0, {VARIANTS} - 1) AS n
    """,
    f"""
    INSERT INTO stock (variant_id, location_id, on_hand, held, allocated, version)
    SELECT an_id(7, n), an_id(9, 0), coalesce(sold.units, 0) + 100, 0, coalesce(sold.units, 0), 1
    FROM generate_series(0, {VARIANTS} - 1) AS n LEFT JOIN (
        SELECT variant_id, sum(quantity) AS units FROM reservation GROUP BY variant_id
    ) AS sold ON sold.variant_id = an_id(7, n)
    """,
)

_ENTRY = """
INSERT INTO ledger_entry (id, transaction_id, event, account_id, amount_minor, currency, order_id,
    created_at)
SELECT an_id({kind} + side, n), an_id({transaction}, n), '{event}', an_id(15, account),
    amount, 'KES', an_id(1, n), happened(n)
{each}, LATERAL (VALUES (0, {debit}, {amount}), (1, {credit}, -({amount}))) AS s (side, account,
    amount)
WHERE {when}
"""
_ACCOUNTS = """
INSERT INTO ledger_account (id, kind, owner, currency, created_at)
SELECT an_id(15, n), (ARRAY['provider_receivable', 'buyer_clearing', 'seller_pending',
    'refund_in_transit'])[n + 1], 'audited', 'KES', now()
FROM generate_series(0, 3) AS n
"""
_REFUNDED = "CASE WHEN is_undone(n) THEN 3000 ELSE 1000 END"


def _posted(kind: int, event: str, sides: tuple[int, int], amount: str, when: str) -> str:
    return _ENTRY.format(
        kind=kind,
        transaction=kind,
        event=event,
        debit=sides[0],
        credit=sides[1],
        amount=amount,
        when=when,
        each=_EACH,
    )


_PAYMENTS = (
    f"""
    INSERT INTO payment (id, order_id, provider, status, amount_minor, currency, splits,
        captured_minor, refunded_minor, refunding_minor, failure, late, closed_at, close_reason,
        checks, version, created_at, updated_at)
    SELECT an_id(3, n), an_id(1, n), CASE WHEN is_refused(n) THEN ''
            WHEN is_cash(n) THEN 'cash_on_delivery' ELSE 'manual' END,
        paid(n), CASE WHEN is_refused(n) THEN 0 ELSE 3000 END,
        CASE WHEN is_refused(n) THEN '' ELSE 'KES' END, '[]',
        CASE WHEN is_charged(n) THEN 3000 ELSE 0 END,
        CASE WHEN is_undone(n) OR is_reduced(n) THEN {_REFUNDED} ELSE 0 END, 0, '', false,
        CASE WHEN is_live(n) THEN NULL ELSE happened(n) END, '', 0, 2, happened(n), happened(n)
    {_EACH}
    """,
    f"""
    INSERT INTO attempt (id, payment_id, status, code, token, phone, called_at, created_at)
    SELECT an_id(10, n), an_id(3, n), 'captured', '', '', '', happened(n), happened(n)
    {_EACH} WHERE is_charged(n)
    """,
    f"""
    INSERT INTO refund (id, payment_id, amount_minor, status, reason, lines, is_cancellation,
        created_at, updated_at)
    SELECT an_id(11, n), an_id(3, n), {_REFUNDED}, 'succeeded', '', '[]', false, happened(n),
        happened(n)
    {_EACH} WHERE is_undone(n) OR is_reduced(n)
    """,
    _posted(0x40, "capture", (0, 1), "3000", "is_charged(n)"),
    _posted(0x42, "split", (1, 2), "3000", "is_charged(n)"),
    _posted(0x44, "refund_requested", (2, 3), _REFUNDED, "is_undone(n) OR is_reduced(n)"),
    _posted(0x46, "refund_succeeded", (3, 0), _REFUNDED, "is_undone(n) OR is_reduced(n)"),
    _told(CAPTURED, "pay", "payment_captured", 1, "is_charged(n)"),
    _told(SETTLED, "pay", "refund_settled", 2, "is_undone(n) OR is_reduced(n)"),
    _COUNTER.format(
        prefix="pay",
        last="CASE WHEN is_undone(n) OR is_reduced(n) THEN 2 ELSE 1 END",
        when="is_charged(n)",
    ),
)

_NOTIFICATIONS = (
    _heard(PLACED, "true"),
    _heard(CONFIRMED, "NOT is_refused(n)"),
    _heard(CHANGED, "is_charged(n)"),
    _heard(CANCELLED, "is_refused(n)"),
    _heard(SETTLED, "is_undone(n) OR is_reduced(n)"),
    f"""
    INSERT INTO mail_delivery (id, dedupe_key, kind, order_id, params, status, attempts,
        next_attempt_at, created_at, settled_at)
    SELECT an_id(12, n), 'confirmed-' || n, 'order_confirmed', an_id(1, n), '{{}}', 'succeeded', 1,
        happened(n), happened(n), happened(n)
    {_EACH} WHERE NOT is_refused(n)
    """,
    f"INSERT INTO realtime_group (name, last_sequence) SELECT 'order_' || n, 2 {_EACH}",
    f"""
    INSERT INTO realtime_message (group_name, sequence, body, event_id, created_at)
    SELECT 'order_' || n, s, '{{}}', '', now()
    {_EACH}, generate_series(1, 2) AS s
    """,
)
_SELLERS = (
    """
    INSERT INTO account (id, email, email_key, name, locale, created_at, updated_at)
    VALUES (an_id(13, 0), 'owner@test.example', 'owner@test.example', '', 'en', now(), now())
    """,
    """
    INSERT INTO seller (id, slug, name, country, currency, timezone, status, created_at, updated_at)
    SELECT an_id(5, n), 's' || n, 'Seller', 'KE', 'KES', 'Africa/Nairobi', 'active', now(), now()
    FROM generate_series(0, 5) AS n
    """,
    """
    INSERT INTO seller_member (seller_id, account_id, role, added_at)
    SELECT an_id(5, n), an_id(13, 0), 'owner', now() FROM generate_series(0, 5) AS n
    """,
)

_PER_ORDER = {
    "orders": _ORDERS,
    "catalog": _CATALOG,
    "payments": _PAYMENTS,
    "notifications": _NOTIFICATIONS,
    "identity": (),
}
_FIRST = {"payments": (_ACCOUNTS,), "identity": _SELLERS}
_LAST = {"catalog": _GOODS}


def an_id(kind: int, n: int) -> UUID:
    """Return an id as the databases have it."""
    return UUID(f"{_BEGAN_MS + n * 10:012x}7{kind:03x}8{n:015x}")


def migrate(service: str, url: str) -> None:
    """Make a service's tables."""
    upgrade(url, Path(PACKAGES[service].__file__ or "").parent / "migrations", service)


def populate(
    service: str, url: str, orders_wanted: int, told: Callable[[int], None] = lambda _: None
) -> None:
    """Fill a migrated database with its part of so many orders, a portion per transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FUNCTIONS)
        connection.execute("SET synchronous_commit = off")
        for statement in _FIRST.get(service, ()):
            connection.execute(statement)
        for first, last in _portions(orders_wanted):
            with connection.transaction():
                for statement in _PER_ORDER[service]:
                    connection.execute(statement, {"first": first, "last": last})
            told(last)
        for statement in _LAST.get(service, ()):
            connection.execute(statement)
        connection.execute(_DROP)
        connection.execute("VACUUM (ANALYZE)")


def _portions(wanted: int) -> Iterator[tuple[int, int]]:
    for first in range(1, wanted + 1, PORTION):
        yield first, min(first + PORTION - 1, wanted)
