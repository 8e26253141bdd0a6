"""Stock: locations, counts and what an order asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.domain.errors import ValidationFailed, Violation
from catalog.domain.money import Price, amount_problem
from catalog.domain.text import line_problem

MAX_ON_HAND = 1_000_000_000
MAX_QUANTITY = 1_000_000
MAX_LINES = 500
MAX_ORDERS = 100
MAX_LOCATIONS = 200
NAME_LENGTH = 100
CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock."""

    id: UUID
    seller_id: UUID
    name: str
    country: str
    is_default: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """Units of a variant at a location; ``version`` counts the changes of ``on_hand`` only."""

    variant_id: UUID
    location_id: UUID
    on_hand: int
    reserved: int
    version: int

    @property
    def available(self) -> int:
        """Units that can be reserved now."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class WantedLine:
    """What a line of an order asks for, at the price that the buyer was shown."""

    line_id: UUID
    variant_id: UUID
    quantity: int
    price: Price


@dataclass(frozen=True, slots=True)
class HeldLine:
    """Where units of a line are held."""

    line_id: UUID
    variant_id: UUID
    location: str
    """TypeID of the location."""
    quantity: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Stock that is held for an order until a time."""

    lines: Sequence[HeldLine]
    expires_at: datetime


def check_lines(lines: Sequence[WantedLine]) -> None:
    """Raise ValidationFailed for lines that no order can have."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise ValidationFailed([("/lines", f"must have 1 to {MAX_LINES} items")])
    found: list[Violation] = []
    if len(lines) > 1 and len({line.line_id for line in lines}) < len(lines):
        found.append(("/lines", "must have different line ids"))
    for index, line in enumerate(lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            found.append((f"/lines/{index}/quantity", f"must be 1 to {MAX_QUANTITY}"))
        if problem := amount_problem(line.price.amount_minor):
            found.append((f"/lines/{index}/unit_price/amount_minor", problem))
        if CURRENCY.fullmatch(line.price.currency) is None:
            found.append((f"/lines/{index}/unit_price/currency", "is not an ISO 4217 currency"))
    if found:
        raise ValidationFailed(found)


def check_on_hand(on_hand: int) -> None:
    """Raise ValidationFailed for a count that cannot be."""
    if not 0 <= on_hand <= MAX_ON_HAND:
        raise ValidationFailed([("/on_hand", f"must be 0 to {MAX_ON_HAND}")])


def check_location(name: str, country_known: bool) -> None:
    """Raise ValidationFailed for a location that cannot be."""
    found: list[Violation] = []
    if problem := line_problem(name, NAME_LENGTH, shortest=1):
        found.append(("/name", problem))
    if not country_known:
        found.append(("/country", "is not an ISO 3166-1 alpha-2 code"))
    if found:
        raise ValidationFailed(found)


def check_orders(order_ids: Sequence[UUID]) -> None:
    """Raise ValidationFailed for more orders than one call may name, or none."""
    if not 1 <= len(order_ids) <= MAX_ORDERS:
        raise ValidationFailed([("/order_ids", f"must have 1 to {MAX_ORDERS} items")])


def check_parcel(units: Mapping[UUID, int]) -> None:
    """Raise ValidationFailed for units per line that no parcel can have."""
    if not 1 <= len(units) <= MAX_LINES:
        raise ValidationFailed([("/lines", f"must have 1 to {MAX_LINES} items")])
    if not all(1 <= quantity <= MAX_QUANTITY for quantity in units.values()):
        raise ValidationFailed([("/lines", f"must have 1 to {MAX_QUANTITY} units each")])


def demand_per_variant(lines: Sequence[WantedLine]) -> dict[UUID, int]:
    """Return the units that all lines together ask of each variant.

    Two lines may share a variant: judged each by itself, both could be served and then not both.
    """
    demand: dict[UUID, int] = {}
    for line in lines:
        demand[line.variant_id] = demand.get(line.variant_id, 0) + line.quantity
    return demand
