"""What buyers did and were told: the truth that the databases have to agree with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

CANCELLED: Final = "cancelled"
STANDING: Final = frozenset({"confirmed", "completed"})


@dataclass
class Purchase:
    """One cart of one buyer, from its first request to the last answer."""

    number: int
    kind: str
    begun_s: float
    """Seconds since the run began."""
    answered_s: float | None = None
    """When the checkout had its final answer; None without one."""
    status: int = 0
    """HTTP status of the last final answer; 0 when there was none."""
    order_of_key: dict[str, set[str]] = field(default_factory=dict)
    """Orders that were answered to each idempotency key: there may be one."""
    confirmed: set[str] = field(default_factory=set)
    """Orders that the buyer was told are confirmed."""
    cancelled: set[str] = field(default_factory=set)
    """Orders that the buyer was told are cancelled, or not to be."""
    answers: Counter[str] = field(default_factory=Counter)
    """Every answer by its HTTP status or the kind of its failure, repetitions included."""

    @property
    def gave_up(self) -> bool:
        """Whether no request had a final answer; a cart of what is sold out has one."""
        return self.status == 0

    @property
    def latency_s(self) -> float | None:
        """From the first request of the checkout to its final answer."""
        return None if self.answered_s is None else self.answered_s - self.begun_s


def disagreements(purchases: list[Purchase], statuses: dict[str, str]) -> list[str]:
    """Return what buyers were told and is not so; ``statuses`` are all orders' by their id."""
    found = []
    for purchase in purchases:
        who = f"buyer {purchase.number} ({purchase.kind})"
        for key, orders in purchase.order_of_key.items():
            if len(orders) > 1:
                found.append(f"{who}: key {key} was answered with orders {sorted(orders)}")
            found += [
                f"{who}: order {order} was answered and does not exist"
                for order in orders
                if order not in statuses
            ]
        found += [
            f"{who}: order {order} was answered as confirmed and is {statuses.get(order)}"
            for order in purchase.confirmed - purchase.cancelled
            if statuses.get(order) not in STANDING
        ]
        found += [
            f"{who}: order {order} was answered as cancelled and is {statuses.get(order)}"
            for order in purchase.cancelled
            if statuses.get(order) != CANCELLED
        ]
        if purchase.answers["500"]:
            found.append(f"{who}: an answer was 500 Internal Server Error")
    return found
