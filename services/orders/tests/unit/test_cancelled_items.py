"""What a seller cannot deliver, and what becomes of its part and of the order by it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orders.domain.cancellation import CancellationMove, cancel_units
from orders.domain.errors import (
    ItemUnknown,
    OrderNotCancellable,
    OrderNotShippable,
    QuantityNotCancellable,
    QuantityNotShippable,
)
from orders.domain.order import Order
from services.orders.tests.builders import NOW, an_id
from services.orders.tests.unit.test_fulfilment import confirmed, sent, states, told


def cancelled(order: Order, units: Mapping[int, int], part: int = 0) -> CancellationMove:
    """Cancel so many units of a part's lines, by their numbers; all that is left without any."""
    seller = order.seller_orders[part]
    lines = [line for line in order.lines if line.seller_order_id == seller.id]
    wanted = {lines[n].id: count for n, count in units.items()}
    return cancel_units(order, seller, an_id("shp"), wanted, "damaged", NOW, restock=False)


def test_what_is_cancelled_cannot_ship() -> None:
    move = cancelled(confirmed(3), {0: 1})
    assert move.told == ("order_items_cancelled",)
    assert states(move.after) == ("confirmed", "unfulfilled", ["unfulfilled"])
    assert not move.leaves_nothing
    with pytest.raises(QuantityNotShippable) as short:
        sent(move.after, {0: 3})
    assert short.value.extra["lines"][0]["shippable"] == 2
    assert states(sent(move.after, {0: 2}).after) == ("confirmed", "shipped", ["shipped"])


def test_what_shipped_cannot_be_cancelled() -> None:
    order = sent(confirmed(3), {0: 2}).after
    with pytest.raises(QuantityNotCancellable) as short:
        cancelled(order, {0: 2})
    assert short.value.extra["lines"][0]["cancellable"] == 1
    assert states(cancelled(order, {0: 1}).after) == ("confirmed", "shipped", ["shipped"])
    assert states(cancelled(order, {}).after) == ("confirmed", "shipped", ["shipped"])


def test_nothing_is_cancelled_twice() -> None:
    order = cancelled(confirmed(2), {0: 1}).after
    with pytest.raises(QuantityNotCancellable):
        cancelled(order, {0: 2})
    assert cancelled(order, {0: 1}).leaves_nothing
    shipped = sent(order, {0: 1}).after
    with pytest.raises(OrderNotCancellable):
        cancelled(shipped, {})


def test_the_rest_that_is_cancelled_completes_what_was_delivered() -> None:
    order = told(sent(confirmed(3), {0: 2}), "delivered").after
    assert states(order) == ("confirmed", "partially_shipped", ["partially_shipped"])
    move = cancelled(order, {})
    assert states(move.after) == ("completed", "delivered", ["delivered"])
    assert move.told == ("order_items_cancelled", "order_delivered")
    assert move.part.status == "completed"


def test_a_part_of_which_nothing_is_left_is_cancelled_and_the_others_stand() -> None:
    move = cancelled(confirmed(2, sellers=2), {})
    assert [part.status for part in move.after.seller_orders] == ["cancelled", "confirmed"]
    assert (move.after.status, move.after.fulfilment_status) == ("confirmed", "unfulfilled")
    assert not move.leaves_nothing
    with pytest.raises(OrderNotShippable):
        sent(move.after, {0: 1})
    with pytest.raises(OrderNotCancellable):
        cancelled(move.after, {})
    rest = told(sent(move.after, {0: 2}, part=1), "delivered").after
    assert (rest.status, rest.fulfilment_status) == ("completed", "delivered")


def test_a_part_that_is_cancelled_last_completes_the_order() -> None:
    order = told(sent(confirmed(1, sellers=2), {0: 1}), "delivered").after
    move = cancelled(order, {}, part=1)
    assert (move.after.status, move.after.fulfilment_status) == ("completed", "delivered")


def test_only_the_part_s_own_lines_are_cancelled() -> None:
    order = confirmed(1, sellers=2)
    own = order.seller_orders[0]
    other = next(line.id for line in order.lines if line.seller_order_id != own.id)
    with pytest.raises(ItemUnknown):
        cancel_units(order, own, an_id("shp"), {other: 1}, "", NOW, restock=False)


def test_a_seller_sees_its_own_cancellations_only() -> None:
    order = cancelled(confirmed(2, sellers=2), {0: 1}).after
    own, other = order.seller_orders
    assert len(order.seen_by(own.seller_id).cancellations) == 1
    assert order.seen_by(other.seller_id).cancellations == ()
