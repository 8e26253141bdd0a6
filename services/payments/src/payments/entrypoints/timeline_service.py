"""TimelineService over gRPC."""

from __future__ import annotations

from typing import Any

import grpc

from chassis.context import current_actor
from chassis.ids import parse_id
from payments.app.payment_history import PaymentHistory, Told
from soko.common.v1.timeline_pb2 import TimelineEntry
from soko.payments.v1 import timeline_pb2 as pb
from soko.payments.v1 import timeline_pb2_grpc as rpc

_Context = grpc.aio.ServicerContext[Any, Any]


class TimelineServicer(rpc.TimelineServiceServicer):
    """Tells what orders' payments went through."""

    def __init__(self, history: PaymentHistory) -> None:
        self._history = history

    async def GetTimeline(  # noqa: N802
        self, request: pb.GetTimelineRequest, context: _Context
    ) -> pb.GetTimelineResponse:
        """Return what happened to an order's payment."""
        current_actor().require_service()
        told = await self._history.of_order(parse_id("ord", request.order_id))
        return pb.GetTimelineResponse(entries=[_entry(each) for each in told])


def _entry(told: Told) -> TimelineEntry:
    entry = TimelineEntry(
        kind="payment",
        name=told.name,
        status=told.status,
        detail=told.detail,
        trace_id=told.trace_id,
    )
    entry.at.FromDatetime(told.at)
    return entry
