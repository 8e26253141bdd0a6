"""The rows that the load left: every order that was answered is there, once, and all agrees."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg

from devstack.databases import database_name
from devstack.generated_secrets import secret
from devstack.home import Home
from devstack.postgres import PostgresServer

_POLL_S = 0.25
_UNFINISHED = {
    "orders": "SELECT count(*) FROM orders WHERE saga_next_at IS NOT NULL",
    "payments": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    "catalog": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
}
_ORDERS = """
SELECT count(*) AS placed, coalesce(sum(total_minor), 0)::bigint AS total_minor
FROM orders WHERE status IN ('confirmed', 'completed') AND payment_status = 'captured'
"""
_UNITS = """
SELECT coalesce(sum(quantity), 0)::bigint FROM order_line JOIN orders ON orders.id = order_id
WHERE status IN ('confirmed', 'completed')
"""
_PAYMENTS = """
SELECT count(*) AS captures, coalesce(sum(captured_minor), 0)::bigint AS captured_minor
FROM payment WHERE status = 'captured' AND captured_minor = amount_minor
"""
_UNBALANCED = """
SELECT count(*) FROM (
    SELECT FROM ledger_entry GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
) AS unbalanced
"""
_TAKEN = """
SELECT coalesce(sum(allocated), 0)::bigint
        + (SELECT coalesce(sum(quantity), 0)::bigint FROM shipped_stock),
    coalesce(sum(held), 0)::bigint
FROM stock
"""


def _connect(home: Path, service: str) -> psycopg.Connection[tuple[int, ...]]:
    folder = Home(home)
    server = PostgresServer(
        home,
        folder.postgres_socket_folder,
        password=secret(folder.secrets, "database-superuser"),
    )
    return psycopg.connect(server.url(database_name(service)), autocommit=True)


def _numbers(home: Path, service: str, sql: str) -> tuple[int, ...]:
    with _connect(home, service) as connection:
        row = connection.execute(sql).fetchone()
        if row is None:
            raise AssertionError("an aggregate has a row")
        return row


def wait_until_settled(home: Path, timeout_s: float) -> float:
    """Wait until nothing is left to do; return the seconds that took, the timeout at the most."""
    started = time.monotonic()
    while time.monotonic() - started < timeout_s:
        if not any(_numbers(home, service, sql)[0] for service, sql in _UNFINISHED.items()):
            break
        time.sleep(_POLL_S)
    return time.monotonic() - started


def findings(home: Path, answered: int) -> list[str]:
    """Return what is wrong; ``answered`` is how many orders were answered as confirmed.

    There may be more orders than answers: the load generator ends without waiting for the last.
    """
    placed, total_minor = _numbers(home, "orders", _ORDERS)
    (units,) = _numbers(home, "orders", _UNITS)
    captures, captured_minor = _numbers(home, "payments", _PAYMENTS)
    (unbalanced,) = _numbers(home, "payments", _UNBALANCED)
    taken, held = _numbers(home, "catalog", _TAKEN)
    wrong = {
        f"{answered} orders were answered, {placed} are confirmed and captured": placed < answered,
        f"{placed} orders, {captures} full captures": placed != captures,
        f"orders sum to {total_minor}, captures to {captured_minor}": total_minor != captured_minor,
        f"{units} units sold, {taken} allocated or shipped": units != taken,
        f"{held} units still held": held != 0,
        f"{unbalanced} ledger transactions do not balance": unbalanced != 0,
    }
    wrong |= {
        f"{service}: {left} unfinished": True
        for service, sql in _UNFINISHED.items()
        if (left := _numbers(home, service, sql)[0])
    }
    return [what for what, is_wrong in wrong.items() if is_wrong]
