"""Violations of what is said of stock and parcels."""

from __future__ import annotations

from tests.audit.planting import (
    LINE,
    ORDER,
    PARCEL,
    VARIANT,
    Maker,
    lit,
    order,
    parcel,
    plant,
    sid,
)

STOCK: tuple[Maker, ...] = (
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
)
