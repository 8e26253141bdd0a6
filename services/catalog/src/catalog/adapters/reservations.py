"""Reservations: orders that come at once are reserved by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.adapters.array_literal import array_literal
from catalog.adapters.outgoing import reserved_tail
from catalog.domain.errors import ReservationRefused
from catalog.domain.stock import HeldLine, Hold, WantedLine, demand_per_variant
from chassis.batching import Batcher
from chassis.database import Database, Row
from chassis.failpoints import failpoint
from chassis.ids import format_id, new_id

_MOST_ORDERS = 64
_RESERVE = """
SELECT order_id, outcome, lines, held_until FROM reserve_stock(
    %(order_ids)s::uuid[], %(first)s::integer[], %(last)s::integer[],
    %(expires_at)s::timestamptz[], %(event_ids)s::uuid[], %(order_refs)s::text[],
    %(event_tails)s::text[], %(traceparents)s::text[], %(line_ids)s::uuid[],
    %(variant_ids)s::uuid[], %(quantities)s::integer[], %(demands)s::bigint[],
    %(amounts)s::bigint[], %(currencies)s::text[], %(variant_refs)s::text[])
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one order asks for; ``traceparent`` is the request's."""

    order_id: UUID
    lines: Sequence[WantedLine]
    expires_at: datetime
    traceparent: str


_Outcome = Hold | ReservationRefused


class Reservations:
    """Reserves for one order, together with others that come at the same time."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._batcher: Batcher[Reservation, _Outcome] = Batcher(
            self._reserve, max_items=_MOST_ORDERS
        )

    async def submit(self, reservation: Reservation) -> Hold:
        """Return the hold; raises ReservationRefused."""
        outcome = await self._batcher.submit(reservation)
        if isinstance(outcome, ReservationRefused):
            raise outcome
        return outcome

    async def _reserve(self, asked: Sequence[Reservation]) -> Sequence[_Outcome]:
        """Return what became of each reservation."""
        orders: dict[UUID, Reservation] = {}
        for each in asked:
            # The same order may be asked for by the request and by the worker that resumes it.
            known = orders.get(each.order_id, each)
            until = max(known.expires_at, each.expires_at)
            orders[each.order_id] = replace(known, expires_at=until)
        # In the order of their ids, in which everybody locks them.
        failpoint("reserve.before_commit")
        rows = await self._db.fetch_all(_RESERVE, _params([orders[key] for key in sorted(orders)]))
        failpoint("reserve.after_commit")
        outcomes = {row["order_id"]: _outcome(row) for row in rows}
        return [outcomes[each.order_id] for each in asked]


def _params(orders: Sequence[Reservation]) -> dict[str, object]:
    """Return the orders' values, and those of all their lines one behind the other."""
    lines = [line for order in orders for line in order.lines]
    demands: list[int] = []
    last: list[int] = []
    for order in orders:
        demand = demand_per_variant(order.lines)
        demands += [demand[line.variant_id] for line in order.lines]
        last.append(len(demands))
    return {
        "order_ids": array_literal(order.order_id for order in orders),
        "first": array_literal([1, *(number + 1 for number in last[:-1])]),
        "last": array_literal(last),
        "expires_at": array_literal(order.expires_at.isoformat() for order in orders),
        "event_ids": array_literal(new_id() for _ in orders),
        "order_refs": array_literal(format_id("ord", order.order_id) for order in orders),
        "event_tails": array_literal(reserved_tail(order.expires_at) for order in orders),
        "traceparents": array_literal(order.traceparent or '""' for order in orders),
        "line_ids": array_literal(line.line_id for line in lines),
        "variant_ids": array_literal(line.variant_id for line in lines),
        "quantities": array_literal(line.quantity for line in lines),
        "demands": array_literal(demands),
        "amounts": array_literal(line.price.amount_minor for line in lines),
        "currencies": array_literal(line.price.currency for line in lines),
        "variant_refs": array_literal(format_id("var", line.variant_id) for line in lines),
    }


def _outcome(row: Row) -> _Outcome:
    if row["outcome"] != "reserved":
        return ReservationRefused(row["outcome"], [_told(line) for line in row["lines"] or ()])
    held = [
        HeldLine(UUID(line_id), UUID(variant_id), location, quantity)
        for line_id, variant_id, location, quantity in row["lines"] or ()
    ]
    return Hold(held, row["held_until"])


def _told(line: dict[str, Any]) -> dict[str, object]:
    told: dict[str, object] = {"variant_id": format_id("var", UUID(line["variant_id"]))}
    if "requested" in line:
        return {**told, "requested": line["requested"], "available": line["available"]}
    if "expected_minor" in line:
        return {
            **told,
            "expected": _money(line["expected_minor"], line["currency"]),
            "unit_price": _money(line["amount_minor"], line["currency"]),
        }
    return told


def _money(amount_minor: int | None, currency: str) -> dict[str, object] | None:
    return None if amount_minor is None else {"amount_minor": amount_minor, "currency": currency}
