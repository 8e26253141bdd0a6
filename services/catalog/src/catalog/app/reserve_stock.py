"""Hold stock for an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from catalog.app.ports import Inventory
from catalog.domain.errors import ValidationFailed
from catalog.domain.stock import Hold, WantedLine, check_lines
from chassis.clock import Clock

MAX_HOLD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ReserveStock:
    """What an order wants and until when it is to be held."""

    order_id: UUID
    lines: Sequence[WantedLine]
    expires_at: datetime


class ReserveStockHandler:
    """Does ReserveStock; ``changed`` is called after a change."""

    def __init__(self, inventory: Inventory, clock: Clock, changed: Callable[[], None]) -> None:
        self._inventory = inventory
        self._clock = clock
        self._changed = changed

    async def __call__(self, command: ReserveStock) -> Hold:
        """Hold all lines or none; repeating it answers the same and extends the hold.

        Raises ValidationFailed and ReservationRefused.
        """
        check_lines(command.lines)
        now = self._clock.now()
        if not now < command.expires_at <= now + MAX_HOLD:
            raise ValidationFailed([("/expires_at", "must be in the next 60 days")])
        hold = await self._inventory.reserve(command.order_id, command.lines, command.expires_at)
        self._changed()
        return hold
