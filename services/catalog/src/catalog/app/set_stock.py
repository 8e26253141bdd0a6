"""Set what is physically at a location."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import Inventory
from catalog.domain.seller import MAY_SET_STOCK
from catalog.domain.stock import Stock, check_on_hand
from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class SetStock:
    """The new count; ``expected_version`` None sets any version."""

    actor: Actor
    variant_id: UUID
    location_id: UUID | None
    on_hand: int
    expected_version: int | None


class SetStockHandler:
    """Does SetStock; ``changed`` is called after a change."""

    def __init__(
        self, inventory: Inventory, access: SellerAccess, changed: Callable[[], None]
    ) -> None:
        self._inventory = inventory
        self._access = access
        self._changed = changed

    async def __call__(self, command: SetStock) -> Stock:
        """Set it; raises NotFound, RoleRequired, ValidationFailed, StaleVersion, StockReserved."""
        command.actor.require_account()
        check_on_hand(command.on_hand)
        seller_id = await self._inventory.owner(command.variant_id)
        await self._access.require(command.actor, seller_id, MAY_SET_STOCK)
        stock = await self._inventory.set_on_hand(
            command.variant_id,
            command.location_id,
            command.on_hand,
            command.expected_version,
            seller_id,
        )
        self._changed()
        return stock
