"""What a cart must know of a variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as catalog told of it a moment ago; ids are TypeIDs."""

    id: str
    product_id: str
    seller_id: str
    seller_name: str
    category_id: str
    title: str
    sku: str
    prices: Mapping[str, int]
    """Price of one unit in minor units, per currency, in the seller's order."""
    available: int
    for_sale: bool
