"""What an order went through, put together from those who know a part of it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import OrderId
from gateway.openapi import answers
from gateway.rendering.timeline import timeline
from gateway.rules import Access, rules
from soko.notifications.v1 import timeline_pb2 as notices_pb2
from soko.orders.v1 import timeline_pb2 as orders_pb2
from soko.payments.v1 import timeline_pb2 as payments_pb2

router = APIRouter(prefix="/v1", tags=["Orders"], route_class=ApiRoute)


@router.get(
    "/orders/{order_id}/timeline",
    response_class=Response,
    summary="Read an order's history",
    responses=answers({200: "Timeline"}, {404: ""}),
)
@rules(Access.OPTIONAL, guest_header="X-Order-Token", guest_required=True, scope="orders:read")
async def read_timeline(request: ApiRequest, order_id: OrderId) -> Response:
    """Read every step, event, payment attempt, notice and shipment, oldest first.

    A seller sees its own part, from when the order was confirmed.
    """
    orders = request.backend.orders
    reply = await request.ask(
        orders,
        orders.timeline.GetTimeline,
        orders_pb2.GetTimelineRequest(order_id=order_id, token=request.guest_token),
        retry=True,
    )
    entries = list(reply.entries)
    if reply.whole:
        payments, notifications = request.backend.payments, request.backend.notifications
        paid, told = await asyncio.gather(
            request.ask(
                payments,
                payments.timeline.GetTimeline,
                payments_pb2.GetTimelineRequest(order_id=order_id),
                retry=True,
                as_itself=True,
            ),
            request.ask(
                notifications,
                notifications.timeline.GetTimeline,
                notices_pb2.GetTimelineRequest(order_id=order_id, account_id=reply.account_id),
                retry=True,
                as_itself=True,
            ),
        )
        entries += [*paid.entries, *told.entries]
    return request.answer(200, {"items": timeline(entries, reply.trace_id)})
