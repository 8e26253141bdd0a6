"""Take the units of a parcel off the shelf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Inventory
from catalog.domain.stock import check_parcel


@dataclass(frozen=True, slots=True)
class ShipStock:
    """A parcel of an order: units per line."""

    shipment_id: UUID
    order_id: UUID
    units: Mapping[UUID, int]


class ShipStockHandler:
    """Does ShipStock; what can be bought stays the same, for the units were sold."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def __call__(self, command: ShipStock) -> None:
        """Lower on_hand and allocated, once per parcel; raises NotAllocated."""
        check_parcel(command.units)
        await self._inventory.ship(command.shipment_id, command.order_id, command.units)
