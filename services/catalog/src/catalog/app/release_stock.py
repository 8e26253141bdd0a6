"""Free the stock of orders that will not be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Inventory
from catalog.domain.errors import ValidationFailed
from catalog.domain.stock import check_orders
from catalog.domain.text import line_problem

REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ReleaseStock:
    """Which orders, and why."""

    order_ids: Sequence[UUID]
    reason: str


class ReleaseStockHandler:
    """Does ReleaseStock; ``changed`` is called after it."""

    def __init__(self, inventory: Inventory, changed: Callable[[], None]) -> None:
        self._inventory = inventory
        self._changed = changed

    async def __call__(self, command: ReleaseStock) -> None:
        """End holds and allocations for good: a Reserve that comes later finds the order closed."""
        check_orders(command.order_ids)
        if problem := line_problem(command.reason, REASON_LENGTH):
            raise ValidationFailed([("/reason", problem)])
        await self._inventory.release(command.order_ids, command.reason)
        self._changed()
