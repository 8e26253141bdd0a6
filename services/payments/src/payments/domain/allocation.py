"""Dividing integer amounts so that the parts always add up."""

from __future__ import annotations

from collections.abc import Sequence


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` in proportion to ``weights`` by the largest remainder method.

    Each part is its exact quota rounded down or up, the parts sum to ``total``, and ties go to the
    earlier weight: callers sort by line id. With ``total <= sum(weights)`` no part exceeds its
    weight. Source: Hamilton's method (https://en.wikipedia.org/wiki/Quota_method).
    Raises ValueError for a negative argument, or weights of zero under a positive total.
    """
    whole = sum(weights)
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("amounts and weights are not negative")
    if total == 0:
        return [0] * len(weights)
    if whole == 0:
        raise ValueError("there is nothing to divide by")
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts


def share_of_units(amount: int, units: int, of_units: int) -> int:
    """Return what ``units`` of a line cost that costs ``amount`` for ``of_units``, half up."""
    return (2 * amount * units + of_units) // (2 * of_units)
