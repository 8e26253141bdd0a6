"""What one violation is: where it is planted, and what has to be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chassis.ids import format_id
from tests.audit.population import an_id

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


def cancelled(n: int) -> str:
    """A unit that its seller cancelled; its money and its stock have moved."""
    return (
        "INSERT INTO shipment (id, order_id, seller_order_id, seller_id, carrier, tracking_number,"
        " status, items, events, created_at, updated_at, stock_step, stock_attempts)"
        f" VALUES ({lit(PARCEL, n)}, {lit(ORDER, n)}, {lit(4, n)}, {lit(5, n % 6)}, '', '',"
        f""" 'cancelled', '[{{"line_id": "{an_id(LINE, n)}", "quantity": 1}}]', '[]', now(),"""
        " now(), 'shipped', 0)"
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


Maker = Callable[[Block], Plant]
