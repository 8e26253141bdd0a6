"""Add a location."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import Inventory
from catalog.app.seller_directory import SellerDirectory
from catalog.domain.seller import MAY_SET_STOCK
from catalog.domain.stock import Location, check_location
from chassis.actor import Actor
from chassis.clock import Clock
from chassis.iso import is_country


@dataclass(frozen=True, slots=True)
class CreateLocation:
    """A new location of a seller (id or slug)."""

    actor: Actor
    seller: str
    location_id: UUID
    name: str
    country: str


class CreateLocationHandler:
    """Does CreateLocation."""

    def __init__(
        self, inventory: Inventory, sellers: SellerDirectory, access: SellerAccess, clock: Clock
    ) -> None:
        self._inventory = inventory
        self._sellers = sellers
        self._access = access
        self._clock = clock

    async def __call__(self, command: CreateLocation) -> Location:
        """Add a location unless it exists; raises RoleRequired and ValidationFailed."""
        command.actor.require_account()
        check_location(command.name, is_country(command.country))
        seller = await self._sellers.find(command.seller)
        await self._access.require(command.actor, seller.id, MAY_SET_STOCK, hidden=False)
        location = Location(command.location_id, seller.id, command.name, command.country, False)
        return await self._inventory.add_location(location, self._clock.now())
