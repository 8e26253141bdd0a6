"""TimelineService over gRPC."""

from __future__ import annotations

from typing import Any

import grpc

from chassis.context import current_actor
from chassis.ids import parse_id
from notifications.app.ports import NoticeHistory, Told
from soko.common.v1.timeline_pb2 import TimelineEntry
from soko.notifications.v1 import timeline_pb2 as pb
from soko.notifications.v1 import timeline_pb2_grpc as rpc

_Context = grpc.aio.ServicerContext[Any, Any]


class TimelineServicer(rpc.TimelineServiceServicer):
    """Tells what buyers were told of their orders."""

    def __init__(self, history: NoticeHistory) -> None:
        self._history = history

    async def GetTimeline(  # noqa: N802
        self, request: pb.GetTimelineRequest, context: _Context
    ) -> pb.GetTimelineResponse:
        """Return an order's mails and inbox entries."""
        current_actor().require_service()
        parse_id("ord", request.order_id)
        told = await self._history.of_order(request.order_id, request.account_id)
        return pb.GetTimelineResponse(entries=[_entry(each) for each in told])


def _entry(told: Told) -> TimelineEntry:
    entry = TimelineEntry(kind="notice", name=told.name, status=told.status, detail=told.detail)
    entry.at.FromDatetime(told.at)
    return entry
