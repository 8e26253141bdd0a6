"""Prices: integers of the currency's minor unit."""

from __future__ import annotations

from dataclasses import dataclass

MAX_AMOUNT_MINOR = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Price:
    """An amount in minor units of an ISO 4217 currency."""

    amount_minor: int
    currency: str


def amount_problem(amount_minor: int) -> str | None:
    """Return what is wrong with a price's amount, None if nothing is."""
    if not 0 <= amount_minor <= MAX_AMOUNT_MINOR:
        return f"must be 0 to {MAX_AMOUNT_MINOR}"
    return None
