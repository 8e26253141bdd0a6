"""Amounts as Stripe counts them: https://docs.stripe.com/currencies (special cases)."""

from __future__ import annotations

from typing import Final

_TIMES_HUNDRED: Final = frozenset({"ISK", "UGX"})
"""Currencies without decimals that Stripe takes as if they had two."""

NOT_TAKEN: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "MGA", "OMR", "TND"})
"""Three decimals, of which Stripe takes two; and the ariary, which it counts otherwise than ISO."""


def to_stripe(amount_minor: int, currency: str) -> int:
    """Return an amount in minor units (ISO 4217) as Stripe counts them."""
    return amount_minor * 100 if currency in _TIMES_HUNDRED else amount_minor


def from_stripe(amount: int, currency: str) -> int:
    """Return Stripe's amount in minor units (ISO 4217)."""
    return amount // 100 if currency in _TIMES_HUNDRED else amount
