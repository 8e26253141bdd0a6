"""The state machines of orders, payments and fulfilment, each one table; all else raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from orders.domain.errors import IllegalTransition

PENDING: Final = "pending"
AWAITING_PAYMENT: Final = "awaiting_payment"
CONFIRMED: Final = "confirmed"
COMPLETED: Final = "completed"
CANCELLED: Final = "cancelled"

ORDER: Final[Mapping[str, frozenset[str]]] = {
    PENDING: frozenset({AWAITING_PAYMENT, CONFIRMED, CANCELLED}),
    AWAITING_PAYMENT: frozenset({CONFIRMED, CANCELLED}),
    CONFIRMED: frozenset({COMPLETED, CANCELLED}),
    COMPLETED: frozenset(),
    CANCELLED: frozenset(),
}

PAYMENT: Final[Mapping[str, frozenset[str]]] = {
    "none": frozenset({"authorized", "captured", "failed", "voided"}),
    "authorized": frozenset({"captured", "voided", "failed"}),
    "captured": frozenset({"partially_refunded", "refunded", "charged_back"}),
    "partially_refunded": frozenset({"partially_refunded", "refunded", "charged_back"}),
    "charged_back": frozenset({"captured", "partially_refunded"}),
    # A provider may find money after it said that there is none.
    "failed": frozenset({"captured"}),
    "voided": frozenset({"captured"}),
    "refunded": frozenset(),
}

FULFILMENT: Final[Mapping[str, frozenset[str]]] = {
    "unfulfilled": frozenset({"partially_shipped", "shipped"}),
    # Delivered at once when a seller cancels what has not shipped.
    "partially_shipped": frozenset({"shipped", "delivered", "returned"}),
    "shipped": frozenset({"delivered", "returned"}),
    "delivered": frozenset({"returned"}),
    "returned": frozenset(),
}

Observation = Literal["moved", "unchanged", "stale"]


def move_order(current: str, wanted: str) -> str:
    """Return ``wanted``; raise IllegalTransition when the table does not lead there."""
    return _move("order", ORDER, current, wanted)


def move_fulfilment(current: str, wanted: str) -> str:
    """Return ``wanted``; raise IllegalTransition when the table does not lead there."""
    return _move("fulfilment", FULFILMENT, current, wanted)


def observe_payment(current: str, observed: str) -> Observation:
    """Tell what news of a payment means for the status that is known.

    News may come twice, late, or with a step between left out: ``stale`` news lies behind the
    known status, ``moved`` news lies ahead of it. Raises IllegalTransition for news that no path
    of the table explains.
    """
    if current not in PAYMENT or observed not in PAYMENT:
        raise IllegalTransition("payment", current, observed)
    if current == observed:
        return "unchanged"
    if observed in PAYMENT[current]:
        return "moved"
    if _leads(observed, current):
        return "stale"
    if _leads(current, observed):
        return "moved"
    raise IllegalTransition("payment", current, observed)


def _move(machine: str, table: Mapping[str, frozenset[str]], current: str, wanted: str) -> str:
    if wanted not in table.get(current, frozenset()):
        raise IllegalTransition(machine, current, wanted)
    return wanted


def _leads(start: str, goal: str) -> bool:
    """Tell whether the payment's table has a path from one status to another."""
    seen: set[str] = set()
    frontier = {start}
    while frontier:
        if goal in frontier:
            return True
        seen |= frontier
        frontier = {status for known in frontier for status in PAYMENT[known]} - seen
    return False
