"""What was sold, counted from events."""

from prometheus_client import REGISTRY

from chassis.relay import Published
from orders.entrypoints.order_figures import order_counter
from soko.common.v1 import money_pb2
from soko.events.v1 import orders_pb2


def told(name: str, currency: str) -> float:
    return REGISTRY.get_sample_value(f"soko_orders_{name}_total", {"currency": currency}) or 0.0


def order(amount_minor: int, currency: str) -> orders_pb2.OrderState:
    return orders_pb2.OrderState(
        total=money_pb2.Money(amount_minor=amount_minor, currency=currency)
    )


def test_revenue_is_that_of_confirmed_orders_and_cancelled_ones_are_told_apart() -> None:
    count = order_counter("NAD")
    assert REGISTRY.get_sample_value("soko_orders_revenue_total", {"currency": "NAD"}) is not None
    placed = orders_pb2.OrderPlaced(order=order(70_000, "NAD"))
    confirmed = orders_pb2.OrderConfirmed(order=order(129_900, "NAD"))
    yen = orders_pb2.OrderConfirmed(order=order(500, "JPY"))
    unpaid = orders_pb2.OrderCancelled(order=order(70_000, "NAD"))
    paid = orders_pb2.OrderCancelled(order=order(29_900, "NAD"), was_confirmed=True)
    before = told("revenue", "JPY")
    count(
        [
            Published("order_placed", placed.SerializeToString()),
            Published("order_confirmed", confirmed.SerializeToString()),
            Published("order_confirmed", yen.SerializeToString()),
            Published("order_cancelled", unpaid.SerializeToString()),
            Published("order_cancelled", paid.SerializeToString()),
        ]
    )
    assert told("revenue", "NAD") == 1299.0
    assert told("revenue", "JPY") - before == 500
    assert told("cancelled_revenue", "NAD") == 299.0
