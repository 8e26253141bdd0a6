"""An order's history, put together from three services."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import not_found, unavailable
from chassis.ids import format_id, new_id
from soko.common.v1.timeline_pb2 import TimelineEntry
from soko.notifications.v1 import timeline_pb2 as notices
from soko.orders.v1 import timeline_pb2 as orders
from soko.payments.v1 import timeline_pb2 as payments

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLACED_IN, TOLD_IN = "a" * 32, "b" * 32
BUYER = format_id("usr", new_id())


def entry(second, kind, name, trace_id="", **detail):
    return TimelineEntry(
        at=Timestamp(seconds=second), kind=kind, name=name, detail=detail, trace_id=trace_id
    )


def tell(running, *, whole):
    own = [entry(1, "step", "placing"), entry(4, "event", "order_confirmed", TOLD_IN, event_id="e")]
    answers = {
        orders.GetTimelineRequest: orders.GetTimelineResponse(
            entries=own, whole=whole, trace_id=PLACED_IN, account_id=BUYER if whole else ""
        ),
        payments.GetTimelineRequest: payments.GetTimelineResponse(
            entries=[entry(3, "payment", "attempt")]
        ),
        notices.GetTimelineRequest: notices.GetTimelineResponse(
            entries=[entry(9, "notice", "mail", event_id="e"), entry(2, "notice", "inbox")]
        ),
    }
    running.services.answers["GetTimeline"] = lambda request, _: answers[type(request)]


async def read(running, **headers):
    order_id = format_id("ord", new_id())
    return await running.client.get(f"/v1/orders/{order_id}/timeline", headers=headers)


async def test_all_that_happened_is_told_in_its_order(running):
    tell(running, whole=True)
    answer = await read(running, **{"X-Order-Token": "secret"})
    assert answer.status_code == 200
    assert [(item["kind"], item["name"], item["trace_id"]) for item in answer.json()["items"]] == [
        ("step", "placing", PLACED_IN),
        ("notice", "inbox", PLACED_IN),
        ("payment", "attempt", PLACED_IN),
        ("event", "order_confirmed", TOLD_IN),
        ("notice", "mail", TOLD_IN),
    ]
    own, *others = running.services.got("GetTimeline")
    assert own.request.token == "secret"
    assert {call.metadata["soko-service"] for call in others} == {"gateway-itself"}
    assert {getattr(call.request, "account_id", BUYER) for call in others} == {BUYER}


async def test_who_sees_a_part_is_not_told_of_payments_and_notices(running):
    tell(running, whole=False)
    answer = await read(running, **running.issuer.bearer())
    assert {item["kind"] for item in answer.json()["items"]} == {"step", "event"}
    assert len(running.services.got("GetTimeline")) == 1


async def test_a_history_with_a_hole_is_not_told(running):
    tell(running, whole=True)
    told = running.services.answers["GetTimeline"]

    def away(request, metadata):
        if isinstance(request, payments.GetTimelineRequest):
            raise unavailable("payments")
        return told(request, metadata)

    running.services.answers["GetTimeline"] = away
    answer = await read(running, **{"X-Order-Token": "secret"})
    assert (answer.status_code, answer.json()["service"]) == (503, "payments")


async def test_others_histories_are_not_there(running):
    def unknown(_request, _metadata):
        raise not_found()

    running.services.answers["GetTimeline"] = unknown
    assert (await read(running, **running.issuer.bearer())).status_code == 404
    assert (await read(running)).status_code == 401
