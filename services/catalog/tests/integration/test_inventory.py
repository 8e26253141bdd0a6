"""Stock: the same suite on memory and on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from catalog.adapters.inventory import PostgresInventory
from catalog.app.ports import Inventory
from catalog.domain.errors import (
    NotAllocated,
    NotFound,
    ReservationRefused,
    StaleVersion,
    StockReserved,
)
from catalog.domain.seller import Seller
from catalog.domain.stock import Hold, Location
from chassis.database import Database
from chassis.ids import format_id, new_id, parse_id
from services.catalog.tests.builders import LATER, NOW, make_line, make_seller, make_variant
from services.catalog.tests.conftest import Shop
from services.catalog.tests.fakes import MemoryInventory, MemoryOffer


@dataclass
class Shelf:
    """An inventory with one seller, and short ways to what tests need."""

    inventory: Inventory
    shop: Shop | None
    seller: Seller = field(default_factory=make_seller)

    async def open(self) -> None:
        if self.shop is not None:
            self.shop.identity.add(self.seller)
            await self.shop.sellers.find(self.seller.slug)
        elif isinstance(self.inventory, MemoryInventory):
            main = Location(new_id(), self.seller.id, "Main location", "KE", True)
            self.inventory.places[main.id] = main

    async def variant(self, on_hand: int, status: str = "active") -> UUID:
        """Add a variant that costs 1000 KES with so many units at the default location."""
        if self.shop is not None:
            product = await self.shop.product(self.seller, make_variant(), status=status)
            variant_id = parse_id("var", product.variants[0].id)
        else:
            assert isinstance(self.inventory, MemoryInventory)
            variant_id = new_id()
            offer = MemoryOffer(self.seller.id, {"KES": 1000}, status == "active")
            self.inventory.offers[variant_id] = offer
        if on_hand:
            await self.inventory.set_on_hand(variant_id, None, on_hand, None)
        return variant_id

    async def location(self, name: str = "Nairobi") -> UUID:
        location = Location(new_id(), self.seller.id, name, "KE", False)
        return (await self.inventory.add_location(location, NOW)).id

    async def hold(self, *wanted: tuple[UUID, int], order_id: UUID | None = None) -> Hold:
        lines = [make_line(variant_id, quantity) for variant_id, quantity in wanted]
        return await self.inventory.reserve(order_id or new_id(), lines, LATER)

    async def reserved(self, variant_id: UUID) -> int:
        return (await self.inventory.stock(variant_id, None)).reserved


@pytest.fixture(params=["memory", "postgres"])
async def shelf(request: pytest.FixtureRequest, shop: Shop, db: Database) -> Shelf:
    if request.param == "memory":
        shelf = Shelf(MemoryInventory(), None)
    else:
        shelf = Shelf(PostgresInventory(db), shop)
    await shelf.open()
    return shelf


async def refusal(hold: object) -> ReservationRefused:
    with pytest.raises(ReservationRefused) as raised:
        await hold  # type: ignore[misc]
    return raised.value


async def test_stock_that_was_never_set_is_zero_in_version_zero(shelf: Shelf) -> None:
    stock = await shelf.inventory.stock(await shelf.variant(0), None)
    assert (stock.on_hand, stock.reserved, stock.version) == (0, 0, 0)


async def test_setting_stock_grows_its_version(shelf: Shelf) -> None:
    variant = await shelf.variant(0)
    first = await shelf.inventory.set_on_hand(variant, None, 5, 0)
    second = await shelf.inventory.set_on_hand(variant, None, 7, 1)
    assert (first.version, second.version, second.available) == (1, 2, 7)


async def test_stock_of_another_seller_is_not_there(shelf: Shelf) -> None:
    variant = await shelf.variant(5)
    owner = await shelf.inventory.owner(variant)
    with pytest.raises(NotFound):
        await shelf.inventory.set_on_hand(variant, None, 6, None, new_id())
    with pytest.raises(NotFound):
        await shelf.inventory.stock(variant, None, new_id())
    assert (await shelf.inventory.set_on_hand(variant, None, 7, None, owner)).on_hand == 7
    assert (await shelf.inventory.stock(variant, None, owner)).on_hand == 7


@pytest.mark.parametrize("expected", [0, 2, 99])
async def test_another_version_than_the_expected_one_is_stale(shelf: Shelf, expected: int) -> None:
    variant = await shelf.variant(5)
    with pytest.raises(StaleVersion):
        await shelf.inventory.set_on_hand(variant, None, 6, expected)
    assert (await shelf.inventory.stock(variant, None)).on_hand == 5


async def test_an_expected_version_of_stock_that_was_never_set_is_stale(shelf: Shelf) -> None:
    variant = await shelf.variant(0)
    with pytest.raises(StaleVersion):
        await shelf.inventory.set_on_hand(variant, None, 6, 3)


async def test_holds_do_not_change_the_version(shelf: Shelf) -> None:
    variant = await shelf.variant(5)
    await shelf.hold((variant, 2))
    stock = await shelf.inventory.stock(variant, None)
    assert (stock.on_hand, stock.reserved, stock.version) == (5, 2, 1)


async def test_stock_cannot_be_set_below_what_is_reserved(shelf: Shelf) -> None:
    variant = await shelf.variant(5)
    await shelf.hold((variant, 3))
    with pytest.raises(StockReserved) as raised:
        await shelf.inventory.set_on_hand(variant, None, 2, None)
    assert raised.value.extra == {"reserved": 3}
    assert (await shelf.inventory.set_on_hand(variant, None, 3, None)).available == 0


async def test_a_foreign_location_is_not_found(shelf: Shelf) -> None:
    variant = await shelf.variant(5)
    with pytest.raises(NotFound):
        await shelf.inventory.set_on_hand(variant, new_id(), 2, None)
    with pytest.raises(NotFound):
        await shelf.inventory.stock(new_id(), None)


async def test_a_hold_says_where_each_line_is_held(shelf: Shelf) -> None:
    variant = await shelf.variant(5)
    [main] = await shelf.inventory.locations(shelf.seller.id)
    hold = await shelf.hold((variant, 2))
    [line] = hold.lines
    assert (line.variant_id, line.location, line.quantity) == (
        variant,
        format_id("loc", main.id),
        2,
    )
    assert hold.expires_at == LATER


async def test_all_lines_are_held_or_none(shelf: Shelf) -> None:
    plenty, few = await shelf.variant(10), await shelf.variant(1)
    refused = await refusal(shelf.hold((plenty, 2), (few, 2)))
    assert refused.code == "out_of_stock"
    assert refused.extra == {
        "lines": [{"variant_id": format_id("var", few), "requested": 2, "available": 1}]
    }
    assert await shelf.reserved(plenty) == 0


async def test_lines_of_one_order_share_a_stock_row(shelf: Shelf) -> None:
    variant = await shelf.variant(3)
    refused = await refusal(shelf.hold((variant, 2), (variant, 2)))
    assert refused.extra == {
        "lines": [{"variant_id": format_id("var", variant), "requested": 4, "available": 3}]
    }
    hold = await shelf.hold((variant, 2), (variant, 1))
    assert sorted(line.quantity for line in hold.lines) == [1, 2]
    assert await shelf.reserved(variant) == 3


async def test_a_location_that_has_all_is_preferred(shelf: Shelf) -> None:
    variant, other = await shelf.variant(2), await shelf.location()
    await shelf.inventory.set_on_hand(variant, other, 5, None)
    hold = await shelf.hold((variant, 3))
    assert [(line.location, line.quantity) for line in hold.lines] == [(format_id("loc", other), 3)]


async def test_lines_are_spread_over_locations_when_no_location_has_all(shelf: Shelf) -> None:
    variant, other = await shelf.variant(2), await shelf.location()
    await shelf.inventory.set_on_hand(variant, other, 2, None)
    order = new_id()
    lines = [make_line(variant, 1), make_line(variant, 2)]
    hold = await shelf.inventory.reserve(order, lines, LATER)
    per_line = {line.line_id: 0 for line in lines}
    per_place: dict[str, int] = {}
    for held in hold.lines:
        per_line[held.line_id] += held.quantity
        per_place[held.location] = per_place.get(held.location, 0) + held.quantity
    assert per_line == {lines[0].line_id: 1, lines[1].line_id: 2}
    assert per_place[format_id("loc", other)] == 1
    await shelf.inventory.release([order], "test")
    assert await shelf.reserved(variant) == 0
    assert (await shelf.inventory.stock(variant, other)).reserved == 0


async def test_repeating_a_reserve_answers_the_same_and_extends_the_hold(shelf: Shelf) -> None:
    variant, order = await shelf.variant(2), new_id()
    lines = [make_line(variant, 2)]
    first = await shelf.inventory.reserve(order, lines, LATER)
    later = LATER + timedelta(hours=1)
    again = await shelf.inventory.reserve(order, lines, later)
    assert list(again.lines) == list(first.lines)
    assert again.expires_at == later
    assert (await shelf.inventory.reserve(order, lines, LATER)).expires_at == later
    assert await shelf.reserved(variant) == 2


async def test_a_changed_price_is_told(shelf: Shelf) -> None:
    variant = await shelf.variant(2)
    line = make_line(variant, amount_minor=999)
    refused = await refusal(shelf.inventory.reserve(new_id(), [line], LATER))
    assert refused.code == "price_changed"
    lines: Any = refused.extra["lines"]
    [told] = lines
    assert told["variant_id"] == format_id("var", variant)


async def test_what_is_not_for_sale_is_refused_even_when_sold_out(shelf: Shelf) -> None:
    variant = await shelf.variant(0, status="draft")
    refused = await refusal(shelf.hold((variant, 1)))
    assert refused.code == "not_for_sale"
    assert refused.extra == {"lines": [{"variant_id": format_id("var", variant)}]}


async def test_an_unknown_variant_is_not_for_sale(shelf: Shelf) -> None:
    assert (await refusal(shelf.hold((new_id(), 1)))).code == "not_for_sale"


async def test_a_commit_allocates_once_and_names_orders_without_a_hold(shelf: Shelf) -> None:
    variant, unknown = await shelf.variant(5), new_id()
    orders = [new_id(), new_id()]
    for order in orders:
        await shelf.hold((variant, 2), order_id=order)
    assert await shelf.inventory.commit([*orders, unknown]) == [unknown]
    assert await shelf.inventory.commit(orders) == []
    assert await shelf.reserved(variant) == 4
    await shelf.inventory.release(orders, "cancelled")
    assert await shelf.reserved(variant) == 0
    assert sorted(await shelf.inventory.commit(orders)) == sorted(orders)


async def test_a_release_ends_a_hold_once(shelf: Shelf) -> None:
    variant, order = await shelf.variant(5), new_id()
    await shelf.hold((variant, 2), order_id=order)
    await shelf.hold((variant, 1))
    await shelf.inventory.release([order], "declined")
    await shelf.inventory.release([order], "declined")
    assert await shelf.reserved(variant) == 1


async def test_a_reserve_after_a_release_finds_the_order_closed(shelf: Shelf) -> None:
    variant, order = await shelf.variant(5), new_id()
    await shelf.inventory.release([order], "expired")
    assert (await refusal(shelf.hold((variant, 1), order_id=order))).code == "order_closed"
    assert await shelf.reserved(variant) == 0


async def test_an_expired_hold_gives_its_stock_back_and_may_be_made_again(shelf: Shelf) -> None:
    variant, order = await shelf.variant(2), new_id()
    await shelf.hold((variant, 2), order_id=order)
    assert await shelf.inventory.expire(LATER, 1000) == 0
    assert await shelf.inventory.expire(LATER + timedelta(seconds=1), 1000) >= 1
    assert await shelf.reserved(variant) == 0
    assert await shelf.inventory.commit([order]) == [order]
    later = LATER + timedelta(hours=5)
    await shelf.inventory.reserve(order, [make_line(variant, 2)], later)
    assert await shelf.inventory.commit([order]) == []
    await shelf.inventory.expire(later + timedelta(hours=1), 1000)
    assert await shelf.reserved(variant) == 2


async def test_a_sold_out_order_is_told_the_same_after_its_hold_expired(shelf: Shelf) -> None:
    variant, order = await shelf.variant(2), new_id()
    await shelf.hold((variant, 2), order_id=order)
    await shelf.inventory.expire(LATER + timedelta(seconds=1), 1000)
    await shelf.hold((variant, 2))
    assert (await refusal(shelf.hold((variant, 1), order_id=order))).code == "out_of_stock"
    await shelf.inventory.release([order], "given up")
    assert await shelf.reserved(variant) == 2


async def test_locations_come_with_the_default_one_first(shelf: Shelf) -> None:
    added = await shelf.location("Abidjan")
    found = await shelf.inventory.locations(shelf.seller.id)
    assert [location.is_default for location in found] == [True, False]
    assert found[1].id == added


async def sold(shelf: Shelf, variant: UUID, quantity: int) -> tuple[UUID, UUID]:
    """Return an order with an allocated line, and the line."""
    order = new_id()
    hold = await shelf.hold((variant, quantity), order_id=order)
    assert await shelf.inventory.commit([order]) == []
    return order, hold.lines[0].line_id


async def counted(shelf: Shelf, variant: UUID) -> tuple[int, int]:
    stock = await shelf.inventory.stock(variant, None)
    return stock.on_hand, stock.reserved


async def test_a_parcel_takes_what_was_allocated_once(shelf: Shelf) -> None:
    variant = await shelf.variant(10)
    order, line = await sold(shelf, variant, 5)
    parcel = new_id()
    for _ in range(2):
        await shelf.inventory.ship(parcel, order, {line: 2})
        assert await counted(shelf, variant) == (8, 3)
    await shelf.inventory.ship(new_id(), order, {line: 3})
    assert await counted(shelf, variant) == (5, 0)
    stock = await shelf.inventory.stock(variant, None)
    assert (stock.available, stock.version) == (5, 3)


async def test_a_parcel_takes_from_every_location_that_was_chosen(shelf: Shelf) -> None:
    variant = await shelf.variant(2)
    other = await shelf.location()
    await shelf.inventory.set_on_hand(variant, other, 3, None)
    order, line = await sold(shelf, variant, 4)
    await shelf.inventory.ship(new_id(), order, {line: 4})
    left = [await shelf.inventory.stock(variant, place) for place in (None, other)]
    assert sorted((each.on_hand, each.reserved) for each in left) == [(0, 0), (1, 0)]


async def test_more_than_is_allocated_does_not_leave(shelf: Shelf) -> None:
    variant = await shelf.variant(10)
    order, line = await sold(shelf, variant, 2)
    held = await shelf.hold((variant, 1))
    for wrong in (
        (order, {line: 3}),
        (order, {new_id(): 1}),
        (new_id(), {line: 1}),
        (order, {line: 1, held.lines[0].line_id: 1}),
    ):
        with pytest.raises(NotAllocated):
            await shelf.inventory.ship(new_id(), *wrong)
    assert await counted(shelf, variant) == (10, 3)


async def test_a_parcel_that_comes_back_can_be_sold_again_once(shelf: Shelf) -> None:
    variant = await shelf.variant(10)
    order, line = await sold(shelf, variant, 5)
    parcel = new_id()
    await shelf.inventory.ship(parcel, order, {line: 2})
    for _ in range(2):
        await shelf.inventory.take_back(parcel)
        assert await counted(shelf, variant) == (10, 3)
    with pytest.raises(NotFound):
        await shelf.inventory.take_back(new_id())


async def test_a_cancelled_order_gives_back_only_what_did_not_ship(shelf: Shelf) -> None:
    variant = await shelf.variant(10)
    order, line = await sold(shelf, variant, 5)
    parcel = new_id()
    await shelf.inventory.ship(parcel, order, {line: 2})
    await shelf.inventory.take_back(parcel)
    await shelf.inventory.release([order], "cancelled")
    assert await counted(shelf, variant) == (10, 0)
    late = new_id()
    await shelf.inventory.ship(late, order, {line: 3})
    await shelf.inventory.take_back(late)
    assert await counted(shelf, variant) == (10, 0)
