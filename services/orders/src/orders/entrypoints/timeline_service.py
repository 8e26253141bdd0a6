"""TimelineService over gRPC."""

# ruff: noqa: N802 - the methods have the contract's names.

from __future__ import annotations

import grpc

from chassis.context import current_actor
from orders.app.get_timeline import GetTimeline, GetTimelineHandler
from orders.app.ports import Told
from orders.entrypoints.checks import checked_id
from orders.protobuf_time import timestamp
from soko.common.v1.timeline_pb2 import TimelineEntry
from soko.orders.v1 import timeline_pb2 as pb
from soko.orders.v1 import timeline_pb2_grpc

Context = grpc.aio.ServicerContext[object, object]


class TimelineServicer(timeline_pb2_grpc.TimelineServiceServicer):
    """Tells orders' histories."""

    def __init__(self, get: GetTimelineHandler) -> None:
        self._get = get

    async def GetTimeline(
        self, request: pb.GetTimelineRequest, context: Context
    ) -> pb.GetTimelineResponse:
        """Return what happened to an order."""
        order_id = checked_id("ord", request.order_id)
        timeline = await self._get(GetTimeline(order_id, request.token, current_actor()))
        return pb.GetTimelineResponse(
            entries=[_entry(told) for told in timeline.told],
            whole=timeline.whole,
            trace_id=timeline.traceparent[3:35],
            account_id=timeline.account_id,
        )


def _entry(told: Told) -> TimelineEntry:
    return TimelineEntry(
        at=timestamp(told.at),
        kind=told.kind,
        name=told.name,
        status=told.status,
        detail=told.detail,
        trace_id=told.trace_id,
    )
