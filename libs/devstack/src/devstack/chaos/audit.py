"""Whether all is quiet, and whether all is right.

Two checks that share nothing: ``./soko audit`` asks the services, as an operator does, and
RowAudit compares the rows of the databases, what the broker's consumers asked for, and the
provider's own log.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import nats
import psycopg
from nats.errors import Error as NatsError

from auditor.audit import AuditOptions
from auditor.running import run_audit
from chassis.broker import stream_name
from chassis.clock import SystemClock
from chassis.ids import format_id
from devstack.chaos.schedule import CONSUMERS
from devstack.databases import database_name
from devstack.home import Home

_PUBLISHERS: Final = ("identity", "catalog", "orders", "payments")
_UNFINISHED: Final[Mapping[str, Mapping[str, str]]] = {
    "orders": {
        "sagas under way": "SELECT count(*) FROM orders WHERE saga_next_at IS NOT NULL",
        "parcels under way": "SELECT count(*) FROM shipment WHERE stock_next_at IS NOT NULL",
        "events unpublished": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    },
    "catalog": {
        "events unpublished": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
    },
    "payments": {
        "events unpublished": "SELECT count(*) FROM outbox WHERE published_at IS NULL",
        "refunds pending": "SELECT count(*) FROM refund WHERE status = 'pending'",
    },
    "notifications": {
        "mails due": "SELECT count(*) FROM mail_delivery"
        " WHERE status = 'pending' AND next_attempt_at < now()",
    },
}
_EVENTS = """
SELECT id FROM outbox WHERE name = ANY (%s)
"""
_GAPS = """
SELECT count(*) FROM (
    SELECT FROM outbox GROUP BY aggregate_id HAVING count(*) <> max(sequence)
) AS gaps
"""
_ORDERS = """
SELECT id, status, payment_status, total_minor, (
    SELECT sum(quantity) FROM order_line WHERE order_id = orders.id
)::bigint - (
    SELECT coalesce(sum(i.quantity), 0)
    FROM shipment s, jsonb_to_recordset(s.items) AS i (quantity integer)
    WHERE s.order_id = orders.id AND s.stock_step <> 'shipping'
)::bigint FROM orders
"""
_PAYMENTS = """
SELECT order_id, provider, status, captured_minor, refunded_minor, id
FROM payment WHERE provider <> ''
"""
_PROVIDER_LOG = """
SELECT payment_id, sum(status IN ('authorized', 'captured')),
    sum(CASE status WHEN 'authorized' THEN amount_minor ELSE 0 END),
    sum(CASE status WHEN 'captured' THEN amount_minor ELSE 0 END), sum(refunded_minor)
FROM payment GROUP BY payment_id
"""
_STOCK = """
SELECT r.order_id, h.state, sum(r.quantity)::bigint
FROM reservation r JOIN order_hold h USING (order_id) GROUP BY r.order_id, h.state
"""
_MISCOUNTED = """
SELECT count(*) FROM stock k WHERE held + allocated > on_hand OR held + allocated <> (
    SELECT coalesce(sum(quantity), 0) FROM reservation r
    WHERE r.variant_id = k.variant_id AND r.location_id = k.location_id)
"""
_UNBALANCED = """
SELECT count(*) FROM (
    SELECT FROM ledger_entry GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
) AS unbalanced
"""
_MAILED = "SELECT order_id, count(*) FROM mail_delivery WHERE kind = %s GROUP BY order_id"
_DEAD = "SELECT count(*) FROM dead_letter WHERE redriven_at IS NULL"


_NO_PAYMENT = ("", "none", 0, 0, None)


@dataclass(frozen=True)
class _Order:
    status: str
    payment_status: str
    total_minor: int
    units: int


async def service_audit(targets: Mapping[str, str]) -> list[str]:
    """Return what ``./soko audit`` finds at the services' targets, one line each."""
    options = AuditOptions(quiet_s=0.5, grace_s=30.0, patience_s=3.0)
    try:
        report = await run_audit(targets, options, SystemClock(), _Silent())
    except Exception as error:
        # Half an hour of faults is not to be lost with an audit that breaks.
        return [f"the audit could not be done: {error!r}"]
    return [
        f"{each.promise.name}: {each.subject_id} {each.explanation}" for each in report.findings
    ]


class Deployment(Protocol):
    """What is looked at."""

    @property
    def home(self) -> Home:
        """Its folders."""
        ...

    @property
    def nats_url(self) -> str:
        """The broker's address for its operator."""
        ...

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect to a database as the superuser."""
        ...


class _Silent:
    def steps(self, title: str, done: int, total: int) -> None:
        """Say nothing: the run has its own progress."""


class RowAudit:
    """Compares the rows of the databases with each other."""

    def __init__(self, stack: Deployment) -> None:
        self._stack = stack

    async def __call__(self) -> list[str]:
        """Return findings, one line each."""
        missing = await self._missing_events()
        return await asyncio.to_thread(self._findings) + missing

    async def unfinished(self) -> list[str]:
        """Return what is still to be done, so that an audit would be too early."""
        try:
            found = await asyncio.to_thread(self._unfinished)
            return found or await self._missing_events()
        except (psycopg.Error, NatsError, OSError, TimeoutError) as error:
            return [f"cannot look: {error!r}"]

    async def statuses(self) -> dict[str, str]:
        """Return every order's status by its public id."""
        rows = await asyncio.to_thread(self._rows, "orders", "SELECT id, status FROM orders")
        return {format_id("ord", order_id): status for order_id, status in rows}

    def _unfinished(self) -> list[str]:
        return [
            f"{service}: {count} {what}"
            for service, questions in _UNFINISHED.items()
            for what, sql in questions.items()
            if (count := self._number(service, sql))
        ]

    def _findings(self) -> list[str]:
        orders = {row[0]: _Order(*row[1:]) for row in self._rows("orders", _ORDERS)}
        return [
            *self._stock(orders),
            *self._money(orders),
            *self._provider(orders),
            *self._notices(orders),
            *(
                f"{service}: {count} aggregates with a gap in their events"
                for service in _PUBLISHERS
                if (count := self._number(service, _GAPS))
            ),
            *(
                f"{service}: {count} dead letters"
                for service in ("orders", "notifications")
                if (count := self._number(service, _DEAD))
            ),
        ]

    def _stock(self, orders: Mapping[UUID, _Order]) -> list[str]:
        found = []
        if count := self._number("catalog", _MISCOUNTED):
            found.append(f"{count} stock items are oversold, or differ from their reservations")
        taken = {row[0]: (row[1], row[2]) for row in self._rows("catalog", _STOCK)}
        for order_id, order in orders.items():
            state, units = taken.pop(order_id, ("nothing", 0))
            stands = order.status in ("confirmed", "completed")
            if (state, units) != (("allocated", order.units) if stands else ("nothing", 0)):
                found.append(
                    f"{_name(order_id)} is {order.status} with {order.units} units;"
                    f" catalog has {state}, {units}"
                )
        return found + [f"{_name(order_id)} has stock and is no order" for order_id in taken]

    def _money(self, orders: Mapping[UUID, _Order]) -> list[str]:
        found = []
        if count := self._number("payments", _UNBALANCED):
            found.append(f"{count} ledger transactions do not balance")
        payments = {row[0]: row[1:] for row in self._rows("payments", _PAYMENTS)}
        for order_id, order in orders.items():
            provider, status, captured, refunded, _ = payments.get(order_id, _NO_PAYMENT)
            if order.status == "cancelled":
                wrong = status == "authorized" or captured != refunded
            elif provider == "cash_on_delivery":
                wrong = captured != 0
            else:
                wrong = captured != order.total_minor
            if wrong:
                found.append(
                    f"{_name(order_id)} is {order.status} over {order.total_minor}; its payment is"
                    f" {status}, captured {captured}, refunded {refunded}"
                )
        return found

    def _provider(self, orders: Mapping[UUID, _Order]) -> list[str]:
        """Compare the payments with the sandbox provider's own log: the truth about money."""
        with contextlib.closing(sqlite3.connect(self._stack.home.sandbox_log)) as log:
            logged = {UUID(row[0]): row[1:] for row in log.execute(_PROVIDER_LOG)}
        found = []
        for order_id, provider, _, captured, refunded, payment_id in self._rows(
            "payments", _PAYMENTS
        ):
            if provider != "sandbox":
                continue
            live, authorized, taken, given_back = logged.pop(payment_id, (0, 0, 0, 0))
            order = orders.get(order_id)
            unwanted = order is None or order.status == "cancelled"
            if (taken, given_back) != (captured, refunded) or live > 1 or (authorized and unwanted):
                found.append(
                    f"{_name(order_id)}: the provider has {live} live payments, {authorized}"
                    f" authorized, {taken} captured, {given_back} refunded; we have {captured}"
                    f" captured, {refunded} refunded"
                )
        return found + [
            f"the provider has a payment that we do not know: {payment_id}"
            for payment_id, (live, *_) in logged.items()
            if live
        ]

    def _notices(self, orders: Mapping[UUID, _Order]) -> list[str]:
        mailed = dict(self._rows("notifications", _MAILED, ("order_confirmed",)))
        return [
            f"{_name(order_id)} is {order.status} and has {mailed.get(order_id, 0)} mails of it"
            for order_id, order in orders.items()
            if order.status == "confirmed" and mailed.get(order_id, 0) != 1
        ]

    async def _missing_events(self) -> list[str]:
        """Return which consumers have not handled which events that they asked for."""
        found = []
        wanted = set(CONSUMERS)
        for context in _PUBLISHERS:
            for durable, names in (await self._consumers(context)).items():
                wanted.discard(f"{context}/{durable}")
                missing = await asyncio.to_thread(self._unhandled, context, durable, names)
                if missing:
                    found.append(f"{durable} has not handled {missing} events of {context}")
        return found + [f"the consumer {name} is gone" for name in wanted]

    async def _consumers(self, context: str) -> dict[str, list[str]]:
        """Return the event names that each durable consumer of a stream subscribed to."""
        client = await nats.connect(self._stack.nats_url, allow_reconnect=False)
        try:
            infos = await client.jetstream().consumers_info(stream_name(context))
        finally:
            with contextlib.suppress(NatsError, OSError):
                await client.close()
        return {
            info.name: [subject.split(".")[2] for subject in info.config.filter_subjects or ()]
            for info in infos
            if info.config.durable_name
        }

    def _unhandled(self, context: str, durable: str, names: Sequence[str]) -> int:
        events = {row[0] for row in self._rows(context, _EVENTS, (list(names),))}
        handled = {row[0] for row in self._rows(durable, "SELECT event_id FROM inbox")}
        return len(events - handled)

    def _rows(
        self, service: str, sql: str, parameters: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        with self._stack.connect(database_name(service)) as connection:
            return connection.execute(sql.encode(), parameters or None).fetchall()

    def _number(self, service: str, sql: str) -> int:
        ((count,),) = self._rows(service, sql)
        return int(count)


def _name(order_id: UUID) -> str:
    return f"order {format_id('ord', order_id)}"
