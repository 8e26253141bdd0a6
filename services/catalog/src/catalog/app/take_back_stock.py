"""Put the units of a parcel that came back on the shelf again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Inventory


@dataclass(frozen=True, slots=True)
class TakeBackStock:
    """Which parcel."""

    shipment_id: UUID


class TakeBackStockHandler:
    """Does TakeBackStock; ``changed`` is called after it."""

    def __init__(self, inventory: Inventory, changed: Callable[[], None]) -> None:
        self._inventory = inventory
        self._changed = changed

    async def __call__(self, command: TakeBackStock) -> None:
        """Raise on_hand where the units came from, once per parcel; raises NotFound."""
        await self._inventory.take_back(command.shipment_id)
        self._changed()
