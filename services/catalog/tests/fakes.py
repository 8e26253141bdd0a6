"""Ports in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from catalog.domain.errors import (
    NotAllocated,
    NotFound,
    ReservationRefused,
    StaleVersion,
    StockReserved,
    TooManyLocations,
)
from catalog.domain.seller import Seller
from catalog.domain.stock import (
    MAX_LOCATIONS,
    HeldLine,
    Hold,
    Location,
    Stock,
    WantedLine,
    demand_per_variant,
)
from chassis.ids import format_id


class FakeIdentity:
    """Knows the sellers and roles that a test puts in, and counts what it is asked."""

    def __init__(self) -> None:
        self.sellers: dict[str, Seller] = {}
        self.roles: dict[tuple[UUID, str], str] = {}
        self.asked = 0

    def add(self, seller: Seller) -> None:
        self.sellers[seller.slug] = seller
        self.sellers[format_id("sel", seller.id)] = seller

    async def seller(self, id_or_slug: str) -> Seller | None:
        self.asked += 1
        return self.sellers.get(id_or_slug)

    async def role(self, seller_id: UUID, account_id: str) -> str:
        self.asked += 1
        return self.roles.get((seller_id, account_id), "")


@dataclass
class MemoryOffer:
    """What a reservation must know of a variant."""

    seller_id: UUID
    prices: dict[str, int]
    for_sale: bool = True


@dataclass
class _Count:
    on_hand: int = 0
    held: int = 0
    allocated: int = 0
    version: int = 0

    @property
    def free(self) -> int:
        return self.on_hand - self.held - self.allocated


@dataclass
class _Hold:
    state: str
    expires_at: datetime | None = None
    lines: list[HeldLine] = field(default_factory=list)


class MemoryInventory:
    """Stock in memory, with the meaning of the SQL functions and none of their locks."""

    def __init__(self) -> None:
        self.offers: dict[UUID, MemoryOffer] = {}
        self.places: dict[UUID, Location] = {}
        self.counts: dict[tuple[UUID, UUID], _Count] = {}
        self.holds: dict[UUID, _Hold] = {}
        self.touched: set[UUID] = set()
        self.parcels: dict[UUID, list[HeldLine]] = {}
        self.returned: set[UUID] = set()

    async def locations(self, seller_id: UUID) -> list[Location]:
        found = [place for place in self.places.values() if place.seller_id == seller_id]
        return sorted(found, key=lambda place: (not place.is_default, place.name, place.id))

    async def add_location(self, location: Location, now: datetime) -> Location:
        if location.id not in self.places:
            if len(await self.locations(location.seller_id)) >= MAX_LOCATIONS:
                raise TooManyLocations
            self.places[location.id] = location
        return self.places[location.id]

    async def owner(self, variant_id: UUID) -> UUID:
        if variant_id not in self.offers:
            raise NotFound
        return self.offers[variant_id].seller_id

    async def stock(
        self, variant_id: UUID, location_id: UUID | None, seller_id: UUID | None = None
    ) -> Stock:
        place = await self._place(variant_id, location_id, seller_id)
        count = self.counts.get((variant_id, place), _Count())
        return Stock(variant_id, place, count.on_hand, count.held + count.allocated, count.version)

    async def set_on_hand(
        self,
        variant_id: UUID,
        location_id: UUID | None,
        on_hand: int,
        expected: int | None,
        seller_id: UUID | None = None,
    ) -> Stock:
        place = await self._place(variant_id, location_id, seller_id)
        count = self.counts.get((variant_id, place), _Count())
        if expected is not None and expected != count.version:
            raise StaleVersion(count.version)
        if on_hand < count.held + count.allocated:
            raise StockReserved(count.held + count.allocated)
        count.on_hand, count.version = on_hand, count.version + 1
        self.counts[variant_id, place] = count
        self.touched.add(variant_id)
        return await self.stock(variant_id, place)

    async def reserve(
        self, order_id: UUID, lines: Sequence[WantedLine], expires_at: datetime
    ) -> Hold:
        hold = self.holds.get(order_id)
        if hold is not None and hold.state == "closed":
            raise ReservationRefused("order_closed")
        if hold is not None and hold.state in {"held", "allocated"}:
            hold.expires_at = max(hold.expires_at or expires_at, expires_at)
            return Hold(hold.lines, hold.expires_at)
        self._judge(lines)
        taken = [held for line in lines for held in self._take(line, lines)]
        self.holds[order_id] = _Hold("held", expires_at, taken)
        return Hold(taken, expires_at)

    async def commit(self, order_ids: Sequence[UUID]) -> list[UUID]:
        missing = []
        for order_id in order_ids:
            hold = self.holds.get(order_id)
            if hold is None or hold.state not in {"held", "allocated"}:
                missing.append(order_id)
            elif hold.state == "held":
                hold.state, hold.expires_at = "allocated", None
                for count, quantity in self._counted(hold.lines):
                    count.held -= quantity
                    count.allocated += quantity
        return missing

    async def release(self, order_ids: Sequence[UUID], reason: str) -> None:
        for order_id in order_ids:
            self._end(order_id, "closed")

    async def ship(self, shipment_id: UUID, order_id: UUID, units: Mapping[UUID, int]) -> None:
        if shipment_id in self.parcels:
            return
        hold = self.holds.get(order_id, _Hold("unknown"))
        if hold.state not in {"allocated", "closed"}:
            raise NotAllocated
        taken = [] if hold.state == "closed" else self._out_of(hold, units)
        for count, quantity in self._counted(taken):
            count.on_hand -= quantity
            count.allocated -= quantity
            count.version += 1
        self.parcels[shipment_id] = taken

    async def take_back(self, shipment_id: UUID) -> None:
        if shipment_id not in self.parcels:
            raise NotFound
        if shipment_id not in self.returned:
            self.returned.add(shipment_id)
            for count, quantity in self._counted(self.parcels[shipment_id]):
                count.on_hand += quantity
                count.version += 1

    async def expire(self, now: datetime, most: int) -> int:
        due = [
            order_id
            for order_id, hold in self.holds.items()
            if hold.state == "held" and hold.expires_at is not None and hold.expires_at < now
        ]
        for order_id in due[:most]:
            self._end(order_id, "expired")
        return len(due[:most])

    async def announce(self, every_s: float) -> int | None:
        told = len(self.touched)
        self.touched.clear()
        return told or None

    async def _place(
        self, variant_id: UUID, location_id: UUID | None, seller_id: UUID | None = None
    ) -> UUID:
        owner = await self.owner(variant_id)
        if seller_id not in (None, owner):
            raise NotFound
        for place in await self.locations(owner):
            if place.id == location_id or (location_id is None and place.is_default):
                return place.id
        raise NotFound

    def _judge(self, lines: Sequence[WantedLine]) -> None:
        gone = [
            line.variant_id
            for line in lines
            if line.variant_id not in self.offers or not self.offers[line.variant_id].for_sale
        ]
        if gone:
            raise ReservationRefused("not_for_sale", [_named(each) for each in gone])
        for line in lines:
            amount = self.offers[line.variant_id].prices.get(line.price.currency)
            if amount != line.price.amount_minor:
                raise ReservationRefused("price_changed", [_named(line.variant_id)])
        short = [
            {**_named(variant), "requested": wanted, "available": self._free(variant)}
            for variant, wanted in demand_per_variant(lines).items()
            if wanted > self._free(variant)
        ]
        if short:
            raise ReservationRefused("out_of_stock", short)

    def _free(self, variant_id: UUID) -> int:
        return sum(
            count.free for (variant, _), count in self.counts.items() if variant == variant_id
        )

    def _take(self, line: WantedLine, lines: Sequence[WantedLine]) -> list[HeldLine]:
        demand = demand_per_variant(lines)[line.variant_id]
        places = sorted(
            (place for variant, place in self.counts if variant == line.variant_id),
            key=lambda place: (
                self.counts[line.variant_id, place].free < demand,
                not self.places[place].is_default,
                place,
            ),
        )
        wanted, taken = line.quantity, []
        for place in places:
            count = self.counts[line.variant_id, place]
            quantity = min(wanted, count.free)
            if quantity:
                count.held += quantity
                wanted -= quantity
                ref = format_id("loc", place)
                taken.append(HeldLine(line.line_id, line.variant_id, ref, quantity))
        return taken

    def _end(self, order_id: UUID, state: str) -> None:
        hold = self.holds.setdefault(order_id, _Hold(state))
        for count, quantity in self._counted(hold.lines):
            if hold.state == "held":
                count.held -= quantity
            elif hold.state == "allocated":
                count.allocated -= quantity
        hold.state, hold.lines = state, []

    def _out_of(self, hold: _Hold, units: Mapping[UUID, int]) -> list[HeldLine]:
        """Return what a parcel takes from an order's lines, which keep the rest."""
        taken, left, wanted = [], [], dict(units)
        for line in sorted(hold.lines, key=lambda line: line.location):
            quantity = min(line.quantity, wanted.get(line.line_id, 0))
            if quantity:
                taken.append(replace(line, quantity=quantity))
                wanted[line.line_id] -= quantity
            if quantity < line.quantity:
                left.append(replace(line, quantity=line.quantity - quantity))
        if any(wanted.values()):
            raise NotAllocated
        hold.lines = left
        return taken

    def _counted(self, lines: Sequence[HeldLine]) -> list[tuple[_Count, int]]:
        by_ref = {format_id("loc", place): place for place in self.places}
        return [
            (self.counts[line.variant_id, by_ref[line.location]], line.quantity) for line in lines
        ]


def _named(variant_id: UUID) -> dict[str, object]:
    return {"variant_id": format_id("var", variant_id)}
