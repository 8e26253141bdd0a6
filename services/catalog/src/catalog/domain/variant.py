"""A variant: what is bought, priced and stocked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.domain.errors import Violation
from catalog.domain.money import Price, amount_problem
from catalog.domain.text import line_problem

SKU_LENGTH = 64
TITLE_LENGTH = 200
OPTION_LENGTH = 60
MAX_PRICES = 50
MAX_WEIGHT_G = 100_000_000


@dataclass(frozen=True, slots=True)
class NewVariant:
    """What a seller says of a variant."""

    sku: str
    title: str
    options: Mapping[str, str]
    prices: Sequence[Price]
    compare_at: Price | None = None
    weight_g: int | None = None

    def violations(self, pointer: str, currencies: Collection[str]) -> list[Violation]:
        """Return what is wrong with it; ``pointer`` is where it stands in the request."""
        found = _line(f"{pointer}/sku", self.sku, SKU_LENGTH, 1)
        found += _line(f"{pointer}/title", self.title, TITLE_LENGTH, 0)
        if not self.prices:
            found.append((f"{pointer}/price", "is required"))
        found += price_violations(pointer, self.prices, currencies)
        found += compare_at_violations(pointer, self.compare_at, currencies)
        return found + weight_violations(pointer, self.weight_g)


@dataclass(slots=True)
class Variant:
    """A variant of a product."""

    id: UUID
    position: int
    sku: str
    title: str
    options: dict[str, str]
    prices: dict[str, int]
    """Amount in minor units per currency."""
    compare_at: Price | None = None
    weight_g: int | None = None
    removed_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether it is still offered."""
        return self.removed_at is None


def price_violations(
    pointer: str, prices: Sequence[Price], currencies: Collection[str]
) -> list[Violation]:
    """Return what is wrong with a variant's prices."""
    found: list[Violation] = []
    if len(prices) > MAX_PRICES:
        found.append((f"{pointer}/prices", f"must have at most {MAX_PRICES} items"))
    if len({price.currency for price in prices}) < len(prices):
        found.append((f"{pointer}/prices", "must have one price per currency"))
    for price in prices:
        found += _price(f"{pointer}/price", price, currencies)
    return found


def compare_at_violations(
    pointer: str, price: Price | None, currencies: Collection[str]
) -> list[Violation]:
    """Return what is wrong with a former price."""
    return [] if price is None else _price(f"{pointer}/compare_at_price", price, currencies)


def weight_violations(pointer: str, weight_g: int | None) -> list[Violation]:
    """Return what is wrong with a weight in grams."""
    if weight_g is None or 0 <= weight_g <= MAX_WEIGHT_G:
        return []
    return [(f"{pointer}/weight_g", f"must be 0 to {MAX_WEIGHT_G}")]


def _price(pointer: str, price: Price, currencies: Collection[str]) -> list[Violation]:
    if price.currency not in currencies:
        return [(f"{pointer}/currency", "is not an ISO 4217 currency")]
    problem = amount_problem(price.amount_minor)
    return [(f"{pointer}/amount_minor", problem)] if problem else []


def _line(pointer: str, text: str, longest: int, shortest: int) -> list[Violation]:
    problem = line_problem(text, longest, shortest=shortest)
    return [(pointer, problem)] if problem else []
