"""Each promise, broken in a real database, is found broken there and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from auditor.findings import Finding
from chassis.ids import format_id
from tests.audit.conftest import Deployment
from tests.audit.population import CAPTURED, CONFIRMED, PACKAGES, an_id

ORDER, CART, PAYMENT, VARIANT, LINE, PARCEL = 1, 2, 3, 7, 0x11, 0x20
BLOCK = 20


def sid(kind: int, n: int, prefix: str) -> str:
    return format_id(prefix, an_id(kind, n))


def order(n: int) -> str:
    return sid(ORDER, n, "ord")


def lit(kind: int, n: int) -> str:
    return f"'{an_id(kind, n)}'"


def parcel(n: int, units: int, updated: str) -> str:
    """A parcel whose units have not left the shelf yet."""
    return (
        "INSERT INTO shipment (id, order_id, seller_order_id, seller_id, carrier, tracking_number,"
        " status, items, events, created_at, updated_at, stock_step, stock_attempts, stock_next_at)"
        f" VALUES ({lit(PARCEL, n)}, {lit(ORDER, n)}, {lit(4, n)}, {lit(5, n % 6)}, '', '',"
        f""" 'created', '[{{"line_id": "{an_id(LINE, n)}", "quantity": {units}}}]', '[]', now(),"""
        f" {updated}, 'shipping', 0, now())"
    )


@dataclass(frozen=True)
class Block:
    """The numbers of some orders that only one plant has to do with."""

    first: int

    refused = property(lambda self: self.first)
    undone = property(lambda self: self.first + 1)
    reduced = property(lambda self: self.first + 2)
    cash = property(lambda self: self.first + 3)
    sold = property(lambda self: self.first + 4)
    other = property(lambda self: self.first + 10)


@dataclass(frozen=True)
class Plant:
    """What is spoilt, and what must be found: invariants with their subjects."""

    name: str
    spoilt: dict[str, tuple[str, ...]]
    found: frozenset[tuple[str, str]]


def plant(
    name: str, service: str, *statements: str, found: set[tuple[str, str]], **more: tuple[str, ...]
) -> Plant:
    return Plant(name, {service: statements, **more}, frozenset(found))


_MAKERS: tuple[Callable[[Block], Plant], ...] = (
    lambda b: plant(
        "more_sold_than_there_is",
        "catalog",
        "ALTER TABLE stock DROP CONSTRAINT stock_not_oversold",
        f"UPDATE stock SET on_hand = allocated - 1 WHERE variant_id = {lit(VARIANT, b.sold)}",
        found={("stock_within_on_hand", sid(VARIANT, b.sold, "var"))},
    ),
    lambda b: plant(
        "negative_hold",
        "catalog",
        "ALTER TABLE stock DROP CONSTRAINT stock_not_negative",
        f"UPDATE stock SET held = -1 WHERE variant_id = {lit(VARIANT, b.sold)}",
        found={
            ("stock_within_on_hand", sid(VARIANT, b.sold, "var")),
            ("stock_counters", sid(VARIANT, b.sold, "var")),
        },
    ),
    lambda b: plant(
        "counter_that_no_reservation_explains",
        "catalog",
        f"UPDATE stock SET held = held + 1 WHERE variant_id = {lit(VARIANT, b.sold)}",
        found={("stock_counters", sid(VARIANT, b.sold, "var"))},
    ),
    lambda b: plant(
        "reservation_without_a_stock_row",
        "catalog",
        f"DELETE FROM stock WHERE variant_id = {lit(VARIANT, b.sold)}",
        found={("stock_counters", sid(VARIANT, b.sold, "var"))},
    ),
    lambda b: plant(
        "closed_order_that_keeps_its_stock",
        "catalog",
        "INSERT INTO reservation (order_id, line_id, variant_id, location_id, quantity)"
        f" SELECT {lit(ORDER, b.refused)}, {lit(LINE, b.refused)}, variant_id, location_id, 1"
        f" FROM stock WHERE variant_id = {lit(VARIANT, b.sold)}",
        found={("holds_have_reservations", order(b.refused))},
    ),
    lambda b: plant(
        "hold_that_nobody_ends",
        "catalog",
        "UPDATE order_hold SET state = 'held', expires_at = now() - interval '1 hour'"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        "UPDATE stock s SET held = held + r.quantity, allocated = allocated - r.quantity"
        f" FROM reservation r WHERE r.order_id = {lit(ORDER, b.sold)}"
        " AND s.variant_id = r.variant_id AND s.location_id = r.location_id",
        found={("holds_end", order(b.sold)), ("confirmed_orders_have_stock", order(b.sold))},
    ),
    lambda b: plant(
        "confirmed_order_without_its_stock",
        "catalog",
        "UPDATE stock s SET allocated = allocated - r.quantity FROM reservation r"
        f" WHERE r.line_id = {lit(LINE, b.sold)}"
        " AND s.variant_id = r.variant_id AND s.location_id = r.location_id",
        f"DELETE FROM reservation WHERE line_id = {lit(LINE, b.sold)}",
        found={("confirmed_orders_have_stock", order(b.sold))},
    ),
    lambda b: plant(
        "stock_of_a_cancelled_order",
        "orders",
        "UPDATE orders SET status = 'cancelled', saga_step = 'cancelled', payment_status = 'none'"
        f" WHERE id = {lit(ORDER, b.cash)}",
        payments=(
            "UPDATE payment SET closed_at = now(), captured_minor = 0"
            f" WHERE order_id = {lit(ORDER, b.cash)}",
        ),
        found={("stock_belongs_to_orders", order(b.cash))},
    ),
    lambda b: plant(
        "stock_of_an_order_that_nobody_knows",
        "orders",
        f"DELETE FROM orders WHERE id = {lit(ORDER, b.cash)}",
        payments=(f"DELETE FROM payment WHERE order_id = {lit(ORDER, b.cash)}",),
        found={("stock_belongs_to_orders", order(b.cash))},
    ),
    lambda b: plant(
        "two_orders_of_one_cart",
        "orders",
        "DROP INDEX orders_live_of_cart",
        f"UPDATE orders SET cart_id = {lit(CART, b.sold)} WHERE id = {lit(ORDER, b.other)}",
        found={("one_order_per_cart", sid(CART, b.sold, "cart"))},
    ),
    lambda b: plant(
        "parts_that_do_not_add_up",
        "orders",
        "UPDATE seller_order SET total_minor = total_minor - 1"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        found={("order_totals", order(b.sold))},
    ),
    lambda b: plant(
        "lines_that_do_not_add_up",
        "orders",
        "ALTER TABLE order_line DROP CONSTRAINT order_line_total",
        f"UPDATE order_line SET line_total_minor = 1 WHERE id = {lit(LINE, b.sold)}",
        found={("order_totals", order(b.sold))},
    ),
    lambda b: plant(
        "status_that_its_saga_denies",
        "orders",
        "UPDATE orders SET saga_step = 'compensating', saga_next_at = now() + interval '1 hour',"
        " updated_at = now()"
        f" WHERE id = {lit(ORDER, b.sold)}",
        found={("order_states", order(b.sold))},
    ),
    lambda b: plant(
        "saga_that_nobody_takes_up",
        "orders",
        "UPDATE orders SET saga_step = 'settling', saga_next_at = now() - interval '5 minutes',"
        " updated_at = now()"
        f" WHERE id = {lit(ORDER, b.sold)}",
        found={("sagas_progress", order(b.sold))},
    ),
    lambda b: plant(
        "saga_that_gets_nowhere",
        "orders",
        "UPDATE orders SET saga_step = 'settling', saga_next_at = now() + interval '1 second',"
        f" updated_at = now() - interval '20 minutes' WHERE id = {lit(ORDER, b.sold)}",
        found={("sagas_progress", order(b.sold))},
    ),
    lambda b: plant(
        "more_captured_than_authorized",
        "payments",
        "ALTER TABLE payment DROP CONSTRAINT payment_captured_at_most_amount",
        f"UPDATE payment SET captured_minor = 3001 WHERE order_id = {lit(ORDER, b.sold)}",
        found={
            ("captured_within_authorized", sid(PAYMENT, b.sold, "pay")),
            ("ledger_tells_payments", order(b.sold)),
        },
    ),
    lambda b: plant(
        "more_refunded_than_captured",
        "payments",
        "ALTER TABLE payment DROP CONSTRAINT payment_refunds_at_most_captured",
        "ALTER TABLE payment DROP CONSTRAINT payment_claims_at_most_captured",
        f"UPDATE payment SET refunding_minor = 3001 WHERE order_id = {lit(ORDER, b.sold)}",
        f"UPDATE refund SET status = 'pending', amount_minor = 3001, payment_id ="
        f" {lit(PAYMENT, b.sold)} WHERE payment_id = {lit(PAYMENT, b.reduced)}",
        f"UPDATE payment SET refunded_minor = 0 WHERE order_id = {lit(ORDER, b.reduced)}",
        found={
            ("refunds_within_captured", sid(PAYMENT, b.sold, "pay")),
            ("ledger_tells_payments", order(b.reduced)),
        },
    ),
    lambda b: plant(
        "refund_that_the_payment_forgot",
        "payments",
        f"UPDATE refund SET status = 'failed' WHERE payment_id = {lit(PAYMENT, b.reduced)}",
        found={("refunds_within_captured", sid(PAYMENT, b.reduced, "pay"))},
    ),
    lambda b: plant(
        "two_captures_of_one_order",
        "payments",
        "ALTER TABLE attempt DROP CONSTRAINT attempt_payment_id_key",
        f"UPDATE attempt SET payment_id = {lit(PAYMENT, b.sold)}"
        f" WHERE payment_id = {lit(PAYMENT, b.other)}",
        found={("one_payment_per_order", order(b.sold))},
    ),
    lambda b: plant(
        "ledger_transaction_that_does_not_balance",
        "payments",
        "UPDATE ledger_entry SET amount_minor = amount_minor - 1 WHERE event = 'split'"
        f" AND order_id = {lit(ORDER, b.sold)} AND amount_minor > 0",
        found={("ledger_balances", str(an_id(0x42, b.sold)))},
    ),
    lambda b: plant(
        "capture_that_was_never_posted",
        "payments",
        f"DELETE FROM ledger_entry WHERE event = 'capture' AND order_id = {lit(ORDER, b.sold)}",
        found={("ledger_tells_payments", order(b.sold))},
    ),
    lambda b: plant(
        "payment_that_nobody_looks_after",
        "payments",
        "UPDATE payment SET next_check_at = now() - interval '5 minutes'"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        found={("payments_progress", sid(PAYMENT, b.sold, "pay"))},
    ),
    lambda b: plant(
        "confirmed_order_that_nobody_paid",
        "payments",
        "UPDATE payment SET status = 'failed', captured_minor = 0"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, b.sold)}",
        found={("confirmed_orders_paid", order(b.sold))},
    ),
    lambda b: plant(
        "confirmed_order_without_a_payment",
        "payments",
        f"DELETE FROM payment WHERE order_id = {lit(ORDER, b.cash)}",
        found={("confirmed_orders_paid", order(b.cash))},
    ),
    lambda b: plant(
        "payment_of_another_amount",
        "payments",
        f"UPDATE payment SET amount_minor = 3001 WHERE order_id = {lit(ORDER, b.cash)}",
        found={("confirmed_orders_paid", order(b.cash))},
    ),
    lambda b: plant(
        "payment_in_another_currency",
        "payments",
        f"UPDATE payment SET currency = 'USD' WHERE order_id = {lit(ORDER, b.cash)}",
        found={("confirmed_orders_paid", order(b.cash))},
    ),
    lambda b: plant(
        "money_for_an_order_that_nobody_knows",
        "orders",
        f"DELETE FROM orders WHERE id = {lit(ORDER, b.sold)}",
        found={
            ("captured_orders_confirmed", order(b.sold)),
            ("stock_belongs_to_orders", order(b.sold)),
        },
    ),
    lambda b: plant(
        "cancelled_order_that_is_still_authorized",
        "payments",
        "UPDATE payment SET status = 'authorized', amount_minor = 3000"
        f" WHERE order_id = {lit(ORDER, b.refused)}",
        found={("cancelled_orders_unpaid", order(b.refused))},
    ),
    lambda b: plant(
        "cancelled_order_whose_money_was_kept",
        "payments",
        "UPDATE payment SET status = 'captured', refunded_minor = 0"
        f" WHERE order_id = {lit(ORDER, b.undone)}",
        f"DELETE FROM refund WHERE payment_id = {lit(PAYMENT, b.undone)}",
        f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, b.undone)}"
        " AND event LIKE 'refund%'",
        found={("cancelled_orders_unpaid", order(b.undone))},
    ),
    lambda b: plant(
        "cancelled_order_without_a_tombstone",
        "payments",
        f"DELETE FROM payment WHERE order_id = {lit(ORDER, b.refused)}",
        found={("cancelled_orders_unpaid", order(b.refused))},
    ),
    lambda b: plant(
        "payment_that_orders_never_heard_of",
        "orders",
        f"UPDATE orders SET payment_status = 'authorized' WHERE id = {lit(ORDER, b.sold)}",
        found={("orders_know_payments", order(b.sold))},
    ),
    lambda b: plant(
        "shipped_and_not_captured",
        "orders",
        "UPDATE orders SET payment_status = 'authorized', fulfilment_status = 'shipped'"
        f" WHERE id = {lit(ORDER, b.sold)}",
        payments=(
            "UPDATE payment SET status = 'authorized', captured_minor = 0"
            f" WHERE order_id = {lit(ORDER, b.sold)}",
            f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, b.sold)}",
        ),
        found={("captured_before_shipment", order(b.sold))},
    ),
    lambda b: plant(
        "event_that_is_missing_in_the_middle",
        "orders",
        f"DELETE FROM outbox WHERE id = {lit(CONFIRMED, b.sold)}",
        found={
            ("event_sequences", f"ord_{b.sold}"),
            ("events_delivered", sid(CONFIRMED, b.sold, "evt")),
        },
    ),
    lambda b: plant(
        "event_that_nobody_publishes",
        "payments",
        f"UPDATE outbox SET published_at = NULL WHERE id = {lit(CAPTURED, b.sold)}",
        orders=(f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",),
        found={("events_published", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_orders_never_heard",
        "orders",
        f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",
        found={("events_delivered", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_notifications_never_heard",
        "notifications",
        f"DELETE FROM inbox WHERE event_id = {lit(CONFIRMED, b.sold)}",
        found={("events_delivered", sid(CONFIRMED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "event_that_nobody_told",
        "notifications",
        f"INSERT INTO inbox (event_id) VALUES ({lit(CONFIRMED, b.refused)})",
        found={("events_delivered", sid(CONFIRMED, b.refused, "evt"))},
    ),
    lambda b: plant(
        "event_that_was_given_up",
        "orders",
        f"DELETE FROM inbox WHERE event_id = {lit(CAPTURED, b.sold)}",
        "INSERT INTO dead_letter (event_id, context, name, source, aggregate_id, sequence,"
        " traceparent, occurred_at, payload, error, deliveries)"
        f" VALUES ({lit(CAPTURED, b.sold)}, 'payments', 'payment_captured', '', 'pay', 1, '',"
        " now(), '', 'ValueError: unreadable', 8)",
        found={("events_handled", sid(CAPTURED, b.sold, "evt"))},
    ),
    lambda b: plant(
        "mail_that_nobody_sends",
        "notifications",
        "UPDATE mail_delivery SET status = 'pending', settled_at = NULL"
        f" WHERE order_id = {lit(ORDER, b.sold)}",
        found={("mail_scheduled", f"mail {an_id(12, b.sold)}")},
    ),
    lambda b: plant(
        "message_that_is_missing",
        "notifications",
        f"DELETE FROM realtime_message WHERE group_name = 'order_{b.sold}' AND sequence = 2",
        found={("message_sequences", f"order_{b.sold}")},
    ),
    lambda b: plant(
        "seller_without_an_owner",
        "identity",
        f"UPDATE seller_member SET role = 'viewer' WHERE seller_id = {lit(5, 3)}",
        found={("sellers_have_owners", sid(5, 3, "sel"))},
    ),
    lambda b: plant(
        "parcel_with_more_units_than_were_bought",
        "orders",
        parcel(b.sold, 2, "now()"),
        found={("units_ship_once", order(b.sold))},
    ),
    lambda b: plant(
        "parcel_that_stock_never_heard_of",
        "orders",
        parcel(b.sold, 1, "now() - interval '5 minutes'"),
        found={("parcels_progress", sid(PARCEL, b.sold, "shp"))},
    ),
    lambda b: plant(
        "cancelled_order_that_both_call_authorized",
        "payments",
        "UPDATE payment SET status = 'authorized', amount_minor = 3000"
        f" WHERE order_id = {lit(ORDER, b.refused)}",
        orders=(
            f"UPDATE orders SET payment_status = 'authorized' WHERE id = {lit(ORDER, b.refused)}",
        ),
        found={("cancelled_orders_unpaid", order(b.refused))},
    ),
    lambda b: plant(
        "cancelled_order_that_both_call_captured",
        "payments",
        "UPDATE payment SET status = 'captured', refunded_minor = 0"
        f" WHERE order_id = {lit(ORDER, b.undone)}",
        f"DELETE FROM refund WHERE payment_id = {lit(PAYMENT, b.undone)}",
        f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, b.undone)}"
        " AND event LIKE 'refund%'",
        orders=(
            f"UPDATE orders SET payment_status = 'captured' WHERE id = {lit(ORDER, b.undone)}",
        ),
        found={("cancelled_orders_unpaid", order(b.undone))},
    ),
    lambda b: plant(
        "captured_without_an_amount",
        "payments",
        f"UPDATE payment SET captured_minor = 0 WHERE order_id = {lit(ORDER, b.sold)}",
        f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, b.sold)}",
        found={("captured_within_authorized", sid(PAYMENT, b.sold, "pay"))},
    ),
)
PLANTS = tuple(make(Block(BLOCK * (number + 1))) for number, make in enumerate(_MAKERS))


@pytest.fixture(scope="module")
def findings(deployment: Deployment) -> Sequence[Finding]:
    """What one audit finds when everything is spoilt at once, each in other orders."""
    for service in PACKAGES:
        statements = [text for planted in PLANTS for text in planted.spoilt.get(service, ())]
        # Constraints are dropped first: no row may be changed before.
        deployment.spoil(
            service, *sorted(statements, key=lambda text: text[:4] not in {"ALTE", "DROP"})
        )
    return asyncio.run(deployment.audit()).findings


@pytest.mark.parametrize("planted", PLANTS, ids=lambda planted: planted.name)
def test_a_planted_violation_is_found_with_its_subject(
    findings: Sequence[Finding], planted: Plant
) -> None:
    found = {(each.promise.name, each.subject_id): each for each in findings}
    assert planted.found <= found.keys(), [each.document() for each in findings]
    for where in planted.found:
        assert found[where].explanation
        assert found[where].promise.repair


def test_nothing_else_is_found(findings: Sequence[Finding]) -> None:
    planted = set().union(*(planted.found for planted in PLANTS))
    assert {(each.promise.name, each.subject_id) for each in findings} == planted


async def test_every_promise_is_planted_against(sound: Deployment) -> None:
    report = await sound.audit()
    assert {name for planted in PLANTS for name, _ in planted.found} == report.promises.keys()
