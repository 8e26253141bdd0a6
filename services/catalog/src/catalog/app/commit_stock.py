"""Turn what confirmed orders hold into allocations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Inventory
from catalog.domain.stock import check_orders


@dataclass(frozen=True, slots=True)
class CommitStock:
    """Orders that are confirmed."""

    order_ids: Sequence[UUID]


class CommitStockHandler:
    """Does CommitStock."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    async def __call__(self, command: CommitStock) -> list[UUID]:
        """Allocate; return the orders that have neither hold nor allocation."""
        check_orders(command.order_ids)
        return await self._inventory.commit(command.order_ids)
