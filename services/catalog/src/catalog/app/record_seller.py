"""Record what identity tells of a seller."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.app.ports import Sellers
from catalog.domain.seller import Seller
from chassis.clock import Clock
from chassis.ids import new_id


@dataclass(frozen=True, slots=True)
class RecordSeller:
    """A seller as an event describes it; ``sequence`` is the event's."""

    seller: Seller
    sequence: int


async def record_seller(command: RecordSeller, sellers: Sellers, clock: Clock) -> None:
    """Store the seller; the first time makes its one default location too."""
    await sellers.record(command.seller, command.sequence, new_id(), clock.now())
