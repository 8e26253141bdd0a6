"""What was sold, as figures, counted from the events that tell of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prometheus_client import Counter

from chassis.metrics import count_money
from chassis.relay import PUBLISHED, Published
from soko.events.v1 import orders_pb2

REVENUE = Counter(
    "soko_orders_revenue_total",
    "Totals of confirmed orders, in units of the currency.",
    ("currency",),
)
CANCELLED = Counter(
    "soko_orders_cancelled_revenue_total",
    "Totals of those that were cancelled after they had been confirmed.",
    ("currency",),
)


def order_counter(currency: str) -> Callable[[Sequence[Published]], None]:
    """Return what counts published events.

    The most usual figures begin at nothing: a rise from nowhere is not seen as one.
    """
    for name in ("order_placed", "order_confirmed", "order_cancelled"):
        PUBLISHED.labels("orders", name)
    for counter in (REVENUE, CANCELLED):
        counter.labels(currency)
    return _count


def _count(events: Sequence[Published]) -> None:
    """Count the money of orders that were confirmed, and of those that were cancelled since."""
    for event in events:
        if event.name == "order_confirmed":
            total = orders_pb2.OrderConfirmed.FromString(event.payload).order.total
            count_money(REVENUE, total.amount_minor, total.currency)
        elif event.name == "order_cancelled":
            cancelled = orders_pb2.OrderCancelled.FromString(event.payload)
            if cancelled.was_confirmed:
                total = cancelled.order.total
                count_money(CANCELLED, total.amount_minor, total.currency)
