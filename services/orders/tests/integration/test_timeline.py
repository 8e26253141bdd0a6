"""What an order went through, as it is told to those who may know."""

from __future__ import annotations

from chassis.context import RequestContext, enter, leave
from devstack.testing import eventually
from orders.domain.saga import NO_ANSWER
from services.orders.tests.builders import OTHER_SELLER, SELLER, an_id
from services.orders.tests.fakes import Faults
from services.orders.tests.integration.conftest import World, refusal
from soko.orders.v1 import order_pb2

TRACE = "c" * 32


async def ends(world: World, order, step: str) -> None:
    async def ended() -> bool:
        return await world.step(order) == step

    await eventually(ended)


def told(timeline, kind: str) -> list[tuple[str, str]]:
    return [
        (each.name, each.detail.get("note", each.status))
        for each in timeline.entries
        if each.kind == kind
    ]


async def test_every_step_and_event_is_told_with_its_time_and_trace(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    token = enter(RequestContext(traceparent=f"00-{TRACE}-{'d' * 16}-01"))
    try:
        order = (await world.checkout(cart)).order
    finally:
        leave(token)
    await ends(world, order, "done")
    timeline = await world.timeline(order)
    assert told(timeline, "step") == [
        ("placing", ""),
        ("reserving", ""),
        ("authorizing", ""),
        ("confirming", ""),
        ("settling", ""),
        ("done", ""),
    ]
    assert told(timeline, "event") == [
        ("order_placed", "pending"),
        ("order_confirmed", "confirmed"),
        ("order_payment_changed", "captured"),
    ]
    times = [(each.at.seconds, each.at.nanos) for each in timeline.entries]
    assert times == sorted(times)
    assert (timeline.whole, timeline.trace_id) == (True, TRACE)
    traces = {each.trace_id for each in timeline.entries}
    assert traces <= {"", TRACE}


async def test_an_answer_that_did_not_come_and_a_cancellation_are_told(world: World) -> None:
    world.payments.faults.plan("authorize", Faults.LOST, Faults.LOST)
    cart = await world.new_cart((world.sold(), 1))
    order = (await world.checkout(cart)).order
    await ends(world, order, "done")
    request = order_pb2.CancelOrderRequest(order_id=order.id, token=order.token, reason="changed")
    await world.call(world.orders.CancelOrder, request)
    await ends(world, order, "cancelled")
    steps = told(await world.timeline(order), "step")
    assert steps.count(("authorizing", NO_ANSWER)) == 1
    assert steps[-2:] == [("compensating", "changed"), ("cancelled", "")]


async def test_a_timeline_is_for_those_who_may_read_the_order(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    order = (await world.checkout(cart)).order
    await ends(world, order, "done")
    for staff in ("operator", "admin"):
        assert (await world.timeline(order, by=f"{an_id('usr')} {staff}")).whole
    nobody = order_pb2.Order(id=order.id)
    assert (await refusal(world.timeline(nobody))).kind == "unauthenticated"
    assert (await refusal(world.timeline(nobody, by=an_id("usr")))).kind == "not_found"
    foreign = f"{an_id('usr')}  {OTHER_SELLER}=owner"
    assert (await refusal(world.timeline(nobody, by=foreign))).kind == "not_found"


async def test_a_seller_sees_its_part_from_confirmed_on(world: World) -> None:
    cart = await world.new_cart((world.sold(), 1))
    waiting = (await world.checkout(cart, pay="tok_async")).order
    member, joined = f"{an_id('usr')}  {SELLER}=viewer", an_id("usr")
    nobody = order_pb2.Order(id=waiting.id)
    assert (await refusal(world.timeline(nobody, by=member))).kind == "not_found"
    cart = await world.new_cart((world.sold(), 1))
    order = (await world.checkout(cart)).order
    await ends(world, order, "done")
    world.accounts.roles[SELLER, joined] = "viewer"
    for by in (member, joined):
        timeline = await world.timeline(order_pb2.Order(id=order.id), by=by)
        assert told(timeline, "step") == []
        assert told(timeline, "event") == [
            ("order_confirmed", "confirmed"),
            ("order_payment_changed", "captured"),
        ]
        assert (timeline.whole, timeline.account_id) == (False, "")
