"""Sums of carts and orders in minor units of one currency; integers only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orders.domain.errors import AmountTooLarge

MAX_AMOUNT_MINOR: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""

ROUNDING_POLICY: Final = "half_up_per_line"
"""Stored on each order: how shares were rounded (half up per line, largest remainder)."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one currency: total = subtotal - discount + shipping + tax + duty.

    Tax that is inside prices is ``tax_included`` and never ``tax``.
    """

    subtotal: int
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    duty: int = 0
    tax_included: int = 0

    @property
    def total(self) -> int:
        """What the buyer pays, in minor units."""
        return self.subtotal - self.discount + self.shipping + self.tax + self.duty


def totals_of(line_totals: Iterable[int]) -> Totals:
    """Return the sums of lines; raises AmountTooLarge."""
    return Totals(subtotal=within_range(sum(line_totals)))


def within_range(amount_minor: int) -> int:
    """Return an amount that is small enough; raises AmountTooLarge otherwise."""
    if amount_minor > MAX_AMOUNT_MINOR:
        raise AmountTooLarge
    return amount_minor
