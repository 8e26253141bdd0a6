"""Parcels, and what sellers' parts and orders become by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from orders.domain import statuses
from orders.domain.errors import (
    IllegalTransition,
    ItemUnknown,
    OrderNotCancellable,
    OrderNotShippable,
    QuantityNotShippable,
    TooManyShipmentEvents,
)
from orders.domain.fulfilment import FulfilmentMove, Parcel, hear, overall_fulfilment, ship
from orders.domain.order import Order
from orders.domain.shipment import MAX_EVENTS, RANK, ShipmentEvent
from services.orders.tests.builders import NOW, OTHER_SELLER, an_id, make_checkout, make_variant


def confirmed(*quantities: int, sellers: int = 1, **values: object) -> Order:
    """Return a confirmed order with a line per quantity and seller."""
    variants = [
        make_variant(seller_id=seller)
        for seller in (make_variant().seller_id, OTHER_SELLER)[:sellers]
        for _ in quantities
    ]
    order = make_checkout(*variants).order
    lines = tuple(
        replace(line, quantity=quantities[n % len(quantities)])
        for n, line in enumerate(order.lines)
    )
    return replace(order, lines=lines, payment_status="captured", **values).moved(
        statuses.CONFIRMED, NOW, confirmed_at=NOW, expires_at=None
    )


def parcel(order: Order, units: Mapping[int, int], part: int = 0) -> Parcel:
    """Return a parcel with so many units of the part's lines, by their numbers."""
    part_id = order.seller_orders[part].id
    lines = [line for line in order.lines if line.seller_order_id == part_id]
    return Parcel(an_id("shp"), part_id, "posta", "KE1", {lines[n].id: units[n] for n in units})


def sent(order: Order, units: Mapping[int, int], part: int = 0) -> FulfilmentMove:
    return ship(order, parcel(order, units, part), NOW)


def told(move: FulfilmentMove, status: str, minutes: int = 0, source: str = "") -> FulfilmentMove:
    event = ShipmentEvent(status, NOW + timedelta(minutes=minutes), source=source or an_id("k"))
    heard = hear(move.after, move.shipment.id, event, NOW)
    assert heard is not None
    return heard


def states(order: Order) -> tuple[str, str, list[str]]:
    parts = [part.fulfilment_status for part in order.seller_orders]
    return order.status, order.fulfilment_status, parts


def test_two_parcels_take_an_order_to_completed() -> None:
    first = sent(confirmed(3), {0: 1})
    assert states(first.after) == ("confirmed", "partially_shipped", ["partially_shipped"])
    assert first.told == ("shipment_created",)
    second = sent(told(first, "delivered").after, {0: 2})
    assert states(second.after) == ("confirmed", "shipped", ["shipped"])
    done = told(second, "delivered")
    assert states(done.after) == ("completed", "delivered", ["delivered"])
    assert done.told == ("shipment_status_changed", "order_delivered")
    assert done.part.status == "completed"


def test_an_order_is_completed_when_its_last_seller_s_part_arrived() -> None:
    first = told(sent(confirmed(1, sellers=2), {0: 1}), "delivered")
    assert states(first.after) == ("confirmed", "partially_shipped", ["delivered", "unfulfilled"])
    assert [part.status for part in first.after.seller_orders] == ["completed", "confirmed"]
    second = sent(first.after, {0: 1}, part=1)
    assert second.after.fulfilment_status == "shipped"
    assert states(told(second, "delivered").after) == (
        "completed",
        "delivered",
        ["delivered", "delivered"],
    )


@pytest.mark.parametrize("paid", ["refunded", "charged_back"])
def test_an_order_whose_money_is_gone_is_not_completed(paid: str) -> None:
    move = sent(confirmed(1), {0: 1})
    gone = replace(move, after=replace(move.after, payment_status=paid))
    assert states(told(gone, "delivered").after)[:2] == ("confirmed", "delivered")


def test_more_than_is_left_does_not_ship() -> None:
    once = sent(confirmed(3, 1), {0: 2}).after
    with pytest.raises(QuantityNotShippable) as refused:
        sent(once, {0: 2, 1: 1})
    assert refused.value.extra["lines"] == [
        {"item_id": once.lines[0].id, "requested": 2, "shippable": 1}
    ]
    assert sent(once, {0: 1, 1: 1}).after.fulfilment_status == "shipped"


def test_units_that_came_back_are_not_shipped_again() -> None:
    first = sent(confirmed(2), {0: 1})
    second = sent(first.after, {0: 1})
    back = told(replace(first, after=second.after), "returned")
    with pytest.raises(QuantityNotShippable):
        sent(back.after, {0: 1})


def test_a_line_of_another_seller_is_unknown() -> None:
    order = confirmed(1, sellers=2)
    theirs = parcel(order, {0: 1}, part=1)
    foreign = replace(parcel(order, {0: 1}), units=theirs.units)
    with pytest.raises(ItemUnknown):
        ship(order, foreign, NOW)


def test_a_cancelled_order_does_not_ship_and_a_shipped_one_is_not_cancelled() -> None:
    order = confirmed(1)
    with pytest.raises(OrderNotShippable):
        sent(order.moved(statuses.CANCELLED, NOW), {0: 1})
    move = sent(order, {0: 1})
    with pytest.raises(OrderNotCancellable):
        move.after.require_cancellable()
    back = told(move, "returned")
    assert states(back.after) == ("confirmed", "returned", ["returned"])
    back.after.require_cancellable()
    with pytest.raises(OrderNotShippable):
        sent(back.after, {0: 1})


def test_a_delivered_parcel_may_come_back_and_the_order_stays_completed() -> None:
    arrived = told(sent(confirmed(1), {0: 1}), "delivered")
    back = told(arrived, "returned")
    assert states(back.after) == ("completed", "returned", ["returned"])
    assert back.told == ("shipment_status_changed",)


def test_one_parcel_back_and_one_delivered_is_delivered() -> None:
    first = sent(confirmed(2), {0: 1})
    second = sent(first.after, {0: 1})
    back = told(replace(first, after=second.after), "returned")
    assert back.after.fulfilment_status == "shipped"
    assert told(replace(second, after=back.after), "delivered").after.status == "completed"


def test_an_event_is_heard_once() -> None:
    move = told(sent(confirmed(1), {0: 1}), "in_transit", source="posta 1")
    event = ShipmentEvent("delivered", NOW, source="posta 1")
    assert hear(move.after, move.shipment.id, event, NOW) is None
    assert hear(move.after, an_id("shp"), replace(event, source="x"), NOW) is None


@pytest.mark.parametrize("status", sorted(RANK))
@pytest.mark.parametrize("late", sorted(RANK))
def test_a_late_lower_rank_is_logged_only(status: str, late: str) -> None:
    move = sent(confirmed(1), {0: 1})
    if status != "created":
        move = told(move, status, minutes=10)
    heard = told(move, late, minutes=5)
    assert len(heard.shipment.events) == len(move.shipment.events) + 1
    if RANK[late] > RANK[status]:
        assert heard.shipment.status == late
        assert heard.told
    else:
        assert heard.shipment.status == status
        assert not heard.told
        assert states(heard.after) == states(move.after)


def test_of_one_rank_the_later_one_stands() -> None:
    out = told(sent(confirmed(1), {0: 1}), "out_for_delivery", minutes=1)
    failed = told(out, "failed", minutes=2)
    assert failed.shipment.status == "failed"
    assert told(failed, "out_for_delivery", minutes=1).shipment.status == "failed"
    assert told(failed, "out_for_delivery", minutes=3).shipment.status == "out_for_delivery"


def test_a_parcel_s_end_does_not_depend_on_the_order_of_news() -> None:
    news = ["in_transit", "out_for_delivery", "failed", "delivered"]
    for order in permutations(enumerate(news)):
        move = sent(confirmed(1), {0: 1})
        for minutes, status in order:
            move = told(move, status, minutes)
        assert move.shipment.status == "delivered"
        assert move.after.status == "completed"


def test_a_full_log_takes_only_what_brings_the_parcel_further() -> None:
    move = told(sent(confirmed(1), {0: 1}), "in_transit")
    for _ in range(MAX_EVENTS - 2):
        move = told(move, "in_transit")
    with pytest.raises(TooManyShipmentEvents):
        told(move, "in_transit")
    assert told(move, "delivered").shipment.status == "delivered"


def test_fulfilment_moves_as_its_table_says() -> None:
    for current, following in statuses.FULFILMENT.items():
        for wanted in statuses.FULFILMENT:
            if wanted in following:
                assert statuses.move_fulfilment(current, wanted) == wanted
            else:
                with pytest.raises(IllegalTransition):
                    statuses.move_fulfilment(current, wanted)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["unfulfilled", "unfulfilled"], "unfulfilled"),
        (["unfulfilled", "shipped"], "partially_shipped"),
        (["partially_shipped", "delivered"], "partially_shipped"),
        (["shipped", "delivered"], "shipped"),
        (["returned", "delivered"], "delivered"),
        (["returned", "returned"], "returned"),
    ],
)
def test_an_order_s_fulfilment_is_that_of_its_parts(parts: list[str], whole: str) -> None:
    order = confirmed(1, sellers=2)
    made = [
        replace(part, fulfilment_status=status)
        for part, status in zip(order.seller_orders, parts, strict=True)
    ]
    assert overall_fulfilment(made) == whole
