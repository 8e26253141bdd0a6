"""Stock under many buyers at once: nothing sold twice, nobody deadlocks."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from catalog.domain.errors import ReservationRefused
from catalog.domain.stock import Hold, WantedLine
from chassis.ids import format_id, new_id, parse_id
from services.catalog.tests.builders import LATER, make_line, make_variant
from services.catalog.tests.conftest import Shop
from soko.events.v1 import catalog_pb2


async def make_stock(shop: Shop, *units: int) -> list[UUID]:
    seller = await shop.seller()
    product = await shop.product(
        seller,
        *(make_variant(options={"No": str(index)}) for index in range(len(units))),
    )
    variants = [parse_id("var", variant.id) for variant in product.variants]
    for variant, on_hand in zip(variants, units, strict=True):
        await shop.inventory.set_on_hand(variant, None, on_hand, None)
    return variants


async def attempt(shop: Shop, lines: Sequence[WantedLine], order: UUID | None = None) -> str:
    try:
        await shop.inventory.reserve(order or new_id(), lines, LATER)
    except ReservationRefused as refused:
        return refused.code
    return "reserved"


async def counts(shop: Shop, variant: UUID) -> tuple[int, int, int]:
    row = await shop.db.fetch_one(
        "SELECT on_hand, held, allocated FROM stock WHERE variant_id = %(id)s", {"id": variant}
    )
    assert row is not None
    return row["on_hand"], row["held"], row["allocated"]


async def test_a_hundred_buyers_of_ten_units_get_exactly_ten(shop: Shop) -> None:
    [variant] = await make_stock(shop, 10)
    outcomes = await asyncio.gather(*(attempt(shop, [make_line(variant)]) for _ in range(100)))
    assert Counter(outcomes) == {"reserved": 10, "out_of_stock": 90}
    assert await counts(shop, variant) == (10, 10, 0)


async def test_five_hundred_buyers_of_one_item_neither_deadlock_nor_fail(shop: Shop) -> None:
    [variant] = await make_stock(shop, 500)
    outcomes = await asyncio.gather(*(attempt(shop, [make_line(variant)]) for _ in range(500)))
    assert Counter(outcomes) == {"reserved": 500}


async def test_carts_in_opposite_orders_do_not_deadlock(shop: Shop) -> None:
    variants = await make_stock(shop, *([40] * 6))
    rng = random.Random(7)

    def cart() -> list[WantedLine]:
        return [make_line(variant) for variant in rng.sample(variants, 5)]

    outcomes = Counter(await asyncio.gather(*(attempt(shop, cart()) for _ in range(120))))
    assert set(outcomes) <= {"reserved", "out_of_stock"}
    assert outcomes["reserved"] >= 40
    held = [(await counts(shop, variant))[1] for variant in variants]
    assert sum(held) == 5 * outcomes["reserved"]


async def test_reserving_committing_releasing_and_expiring_at_once_adds_up(shop: Shop) -> None:
    variants = await make_stock(shop, *([1000] * 4))
    rng = random.Random(3)
    orders = [new_id() for _ in range(80)]

    async def live(order: UUID) -> None:
        lines = [make_line(variant, rng.randint(1, 3)) for variant in rng.sample(variants, 3)]
        await asyncio.gather(*(attempt(shop, lines, order) for _ in range(2)))
        batch = rng.sample(orders, 8)
        await shop.inventory.commit(batch)
        if rng.random() < 0.5:
            await shop.inventory.release(rng.sample(orders, 4), "test")
        await shop.inventory.expire(LATER.replace(year=2030), 10)

    await asyncio.gather(*(live(order) for order in orders))
    rows = await shop.db.fetch_all(
        """
        SELECT k.variant_id, k.held, k.allocated,
            coalesce(sum(r.quantity) FILTER (WHERE h.state = 'held'), 0) AS held_lines,
            coalesce(sum(r.quantity) FILTER (WHERE h.state = 'allocated'), 0) AS allocated_lines,
            count(r.order_id) FILTER (WHERE h.state IN ('closed', 'expired')) AS orphans
        FROM stock k LEFT JOIN reservation r ON r.variant_id = k.variant_id
        LEFT JOIN order_hold h ON h.order_id = r.order_id
        WHERE k.variant_id = ANY (%(ids)s) GROUP BY k.variant_id, k.held, k.allocated
        """,
        {"ids": variants},
    )
    assert len(rows) == 4
    for row in rows:
        assert (row["held"], row["allocated"]) == (row["held_lines"], row["allocated_lines"])
        assert row["orphans"] == 0


async def test_one_order_reserved_many_times_at_once_is_held_once(shop: Shop) -> None:
    [variant] = await make_stock(shop, 5)
    order, lines = new_id(), [make_line(variant, 2)]
    holds: list[Hold] = await asyncio.gather(
        *(shop.inventory.reserve(order, lines, LATER) for _ in range(20))
    )
    assert all(list(hold.lines) == list(holds[0].lines) for hold in holds)
    assert await counts(shop, variant) == (5, 2, 0)


async def test_a_release_racing_a_reserve_never_leaves_a_hold_behind(shop: Shop) -> None:
    [variant] = await make_stock(shop, 100)

    async def race() -> None:
        order = new_id()
        await asyncio.gather(
            attempt(shop, [make_line(variant)], order), shop.inventory.release([order], "test")
        )
        assert await attempt(shop, [make_line(variant)], order) == "order_closed"

    await asyncio.gather(*(race() for _ in range(30)))
    assert await counts(shop, variant) == (100, 0, 0)


async def test_stock_set_during_a_rush_never_falls_below_what_is_reserved(shop: Shop) -> None:
    [variant] = await make_stock(shop, 20)

    async def lower() -> None:
        for on_hand in range(19, 0, -1):
            try:
                await shop.inventory.set_on_hand(variant, None, on_hand, None)
            except Exception as error:
                assert getattr(error, "code", "") == "stock_reserved"  # noqa: PT017
                return

    await asyncio.gather(lower(), *(attempt(shop, [make_line(variant)]) for _ in range(40)))
    on_hand, held, allocated = await counts(shop, variant)
    assert 0 <= held + allocated <= on_hand


async def test_events_of_an_order_tell_its_stock_in_sequence(shop: Shop) -> None:
    variants = await make_stock(shop, 300, 5)
    order = new_id()
    lines = [make_line(variants[0], 200), make_line(variants[1], 1)]
    await shop.inventory.reserve(order, lines, LATER)
    await shop.inventory.reserve(order, lines, LATER)
    await shop.inventory.commit([order])
    await shop.inventory.commit([order])
    await shop.inventory.release([order], "cancelled")
    await shop.inventory.release([order], "cancelled")
    ref = format_id("ord", order)
    rows = await shop.db.fetch_all(
        "SELECT name, payload FROM outbox WHERE aggregate_id = %(ref)s ORDER BY sequence",
        {"ref": ref},
    )
    assert [row["name"] for row in rows] == [
        "stock_reserved",
        "stock_committed",
        "stock_released",
    ]
    reserved = catalog_pb2.StockReserved.FromString(rows[0]["payload"])
    assert reserved.order_id == ref
    assert reserved.expires_at.ToJsonString() == "2026-11-20T13:00:00Z"
    assert {line.variant_id: line.quantity for line in reserved.lines} == {
        format_id("var", variants[0]): 200,
        format_id("var", variants[1]): 1,
    }
    assert all(line.location_id.startswith("loc_") for line in reserved.lines)
    assert catalog_pb2.StockReleased.FromString(rows[2]["payload"]).reason == "cancelled"


async def test_parcels_that_leave_at_once_take_each_unit_once(shop: Shop) -> None:
    first, second = await make_stock(shop, 60, 60)
    orders = []
    for _ in range(12):
        order, lines = new_id(), [make_line(first, 4), make_line(second, 4)]
        await shop.inventory.reserve(order, lines, LATER)
        await shop.inventory.commit([order])
        orders.append((order, [line.line_id for line in lines]))

    async def send(order: UUID, units: dict[UUID, int]) -> None:
        parcel = new_id()
        await asyncio.gather(*(shop.inventory.ship(parcel, order, units) for _ in range(3)))

    parcels = [
        send(order, dict.fromkeys(lines if flip else reversed(lines), 2))
        for order, lines in orders
        for flip in (True, False)
    ]
    await asyncio.gather(*parcels)
    assert await counts(shop, first) == (12, 0, 0)
    assert await counts(shop, second) == (12, 0, 0)


async def test_a_refused_reserve_writes_nothing(shop: Shop) -> None:
    [variant] = await make_stock(shop, 1)
    order = new_id()
    assert await attempt(shop, [make_line(variant, 2)], order) == "out_of_stock"
    assert await attempt(shop, [make_line(variant, 1, 5)], order) == "price_changed"
    row = await shop.db.fetch_one(
        "SELECT (SELECT count(*) FROM order_hold WHERE order_id = %(id)s)"
        " + (SELECT count(*) FROM outbox WHERE aggregate_id = %(ref)s) AS rows",
        {"id": order, "ref": format_id("ord", order)},
    )
    assert row == {"rows": 0}


async def test_lengths_of_numbers_in_events_are_encoded_as_protobuf_does(shop: Shop) -> None:
    for number in (0, 1, 127, 128, 300, 16_383, 16_384, 1_000_000, 2_097_151, 2_097_152, 2**28 - 1):
        row = await shop.db.fetch_one("SELECT proto_varint(%(n)s::integer) AS v", {"n": number})
        assert row is not None
        message = catalog_pb2.StockLine.FromString(b"\x18" + row["v"])
        assert message.quantity == number
