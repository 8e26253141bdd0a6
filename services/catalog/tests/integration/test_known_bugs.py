"""Bugs that commerce back ends are known for, each by its name."""

from __future__ import annotations

import asyncio
from collections import Counter

from catalog.domain.stock import Location
from chassis.ids import new_id
from services.catalog.tests.builders import LATER, NOW, make_line
from services.catalog.tests.conftest import Shop
from services.catalog.tests.integration.test_stock_concurrency import attempt, counts, make_stock


async def test_oversell_because_check_and_allocation_ran_in_different_transactions(
    shop: Shop,
) -> None:
    """Everybody sees the last units at once; only as many as there are may have them."""
    [variant] = await make_stock(shop, 3)
    outcomes = await asyncio.gather(*(attempt(shop, [make_line(variant)]) for _ in range(60)))
    assert Counter(outcomes) == {"reserved": 3, "out_of_stock": 57}
    assert await counts(shop, variant) == (3, 3, 0)


async def test_two_lines_of_one_cart_that_share_a_stock_item_each_checked_alone(
    shop: Shop,
) -> None:
    """Two and two of three units: each line by itself could be served."""
    [variant] = await make_stock(shop, 3)
    two_and_two = [make_line(variant, 2), make_line(variant, 2)]
    assert await attempt(shop, two_and_two) == "out_of_stock"
    assert await counts(shop, variant) == (3, 0, 0)
    assert await attempt(shop, [make_line(variant, 2), make_line(variant, 1)]) == "reserved"


async def test_checks_aggregate_stock_but_reserves_one_location(shop: Shop) -> None:
    """Two here and two there are four together, and are taken where they are."""
    [variant] = await make_stock(shop, 2)
    owner = await shop.inventory.owner(variant)
    other = Location(new_id(), owner, "Kisumu", "KE", False)
    await shop.inventory.add_location(other, NOW)
    await shop.inventory.set_on_hand(variant, other.id, 2, None)
    hold = await shop.inventory.reserve(new_id(), [make_line(variant, 4)], LATER)
    assert sorted(line.quantity for line in hold.lines) == [2, 2]
    assert len({line.location for line in hold.lines}) == 2
    assert await attempt(shop, [make_line(variant, 1)]) == "out_of_stock"
