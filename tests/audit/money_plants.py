"""Violations of what is said of payments and the ledger."""

from __future__ import annotations

from tests.audit.planting import (
    ORDER,
    PAYMENT,
    Maker,
    lit,
    order,
    plant,
    sid,
)
from tests.audit.population import an_id


def _unposted(at: int) -> str:
    return f"DELETE FROM ledger_entry WHERE order_id = {lit(ORDER, at)}"


def _kept(at: int) -> tuple[str, ...]:
    return (
        "UPDATE payment SET status = 'captured', refunded_minor = 0"
        f" WHERE order_id = {lit(ORDER, at)}",
        f"DELETE FROM refund WHERE payment_id = {lit(PAYMENT, at)}",
        f"{_unposted(at)} AND event LIKE 'refund%'",
    )


def _still_authorized(at: int) -> str:
    return (
        "UPDATE payment SET status = 'authorized', amount_minor = 3000"
        f" WHERE order_id = {lit(ORDER, at)}"
    )


MONEY: tuple[Maker, ...] = (
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
        _unposted(b.sold),
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
        _still_authorized(b.refused),
        found={("cancelled_orders_unpaid", order(b.refused))},
    ),
    lambda b: plant(
        "cancelled_order_whose_money_was_kept",
        "payments",
        *_kept(b.undone),
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
            _unposted(b.sold),
        ),
        found={("captured_before_shipment", order(b.sold))},
    ),
    lambda b: plant(
        "cancelled_order_that_both_call_authorized",
        "payments",
        _still_authorized(b.refused),
        orders=(
            f"UPDATE orders SET payment_status = 'authorized' WHERE id = {lit(ORDER, b.refused)}",
        ),
        found={("cancelled_orders_unpaid", order(b.refused))},
    ),
    lambda b: plant(
        "cancelled_order_that_both_call_captured",
        "payments",
        *_kept(b.undone),
        orders=(
            f"UPDATE orders SET payment_status = 'captured' WHERE id = {lit(ORDER, b.undone)}",
        ),
        found={("cancelled_orders_unpaid", order(b.undone))},
    ),
    lambda b: plant(
        "captured_without_an_amount",
        "payments",
        f"UPDATE payment SET captured_minor = 0 WHERE order_id = {lit(ORDER, b.sold)}",
        _unposted(b.sold),
        found={("captured_within_authorized", sid(PAYMENT, b.sold, "pay"))},
    ),
)
