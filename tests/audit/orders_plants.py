"""Violations of what is said of orders and their sagas."""

from __future__ import annotations

from tests.audit.planting import (
    CART,
    LINE,
    ORDER,
    Maker,
    cancelled,
    lit,
    order,
    plant,
    sid,
)

ORDERS: tuple[Maker, ...] = (
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
    # A unit's price went back of the reduced order, whoever asked for it.
    lambda b: plant(
        "cancelled_units_that_are_not_refunded",
        "orders",
        cancelled(b.sold),
        cancelled(b.reduced),
        found={
            ("cancelled_units_refunded", order(b.sold)),
            ("confirmed_orders_have_stock", order(b.sold)),
            ("confirmed_orders_have_stock", order(b.reduced)),
        },
    ),
)
