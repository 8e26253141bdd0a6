"""Read stock at a location."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import Inventory
from catalog.domain.seller import MAY_READ
from catalog.domain.stock import Stock
from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class GetStock:
    """Which stock; without a location the seller's default one."""

    actor: Actor
    variant_id: UUID
    location_id: UUID | None


class GetStockHandler:
    """Answers GetStock, for members."""

    def __init__(self, inventory: Inventory, access: SellerAccess) -> None:
        self._inventory = inventory
        self._access = access

    async def __call__(self, query: GetStock) -> Stock:
        """Return the stock; raises NotFound."""
        query.actor.require_account()
        seller_id = await self._inventory.owner(query.variant_id)
        await self._access.require(query.actor, seller_id, MAY_READ)
        return await self._inventory.stock(query.variant_id, query.location_id, seller_id)
