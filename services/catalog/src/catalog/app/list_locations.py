"""List a seller's locations."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.app.access import SellerAccess
from catalog.app.ports import Inventory
from catalog.app.seller_directory import SellerDirectory
from catalog.domain.seller import MAY_READ
from catalog.domain.stock import Location
from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class ListLocations:
    """Whose locations (id or slug)."""

    actor: Actor
    seller: str


class ListLocationsHandler:
    """Answers ListLocations, for members."""

    def __init__(
        self, inventory: Inventory, sellers: SellerDirectory, access: SellerAccess
    ) -> None:
        self._inventory = inventory
        self._sellers = sellers
        self._access = access

    async def __call__(self, query: ListLocations) -> list[Location]:
        """Return the locations, the default one first; raises NotFound and RoleRequired."""
        query.actor.require_account()
        seller = await self._sellers.find(query.seller)
        await self._access.require(query.actor, seller.id, MAY_READ, hidden=False)
        return await self._inventory.locations(seller.id)
