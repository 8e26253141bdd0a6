"""Orders as the sellers see them that have a part in them: a port of the use cases of sellers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from orders.domain.checkout import Checkout


@dataclass(frozen=True, slots=True)
class PartOf:
    """Which sellers' parts are meant: an order's, the one of an id, or a parcel's (TypeIDs)."""

    order_id: str = ""
    seller_order_id: str = ""
    shipment_id: str = ""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who has to do with parts of an order."""

    account_id: str
    """The buyer; empty for a guest."""
    sellers: frozenset[str]
    """Whose parts they are, from confirmed on."""


class SellerParts(Protocol):
    """Orders as the sellers see them that have a part in them."""

    async def load(self, which: PartOf, sellers: Collection[str]) -> Checkout | None:
        """Return the order, if one of the sellers has such a part of it and it is confirmed."""
        ...

    async def parties(self, which: PartOf) -> Parties | None:
        """Return who has to do with such parts; None if there are none."""
        ...
