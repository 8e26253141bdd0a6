"""The in-app inbox."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit, NotificationId
from gateway.openapi import answers
from gateway.rendering import notifications as render
from gateway.rendering.values import page
from gateway.rules import Access, Key, rules
from soko.common.v1.page_pb2 import PageRequest
from soko.notifications.v1 import notification_pb2

router = APIRouter(prefix="/v1/notifications", tags=["Notifications"], route_class=ApiRoute)


@router.get(
    "",
    response_class=Response,
    summary="List the inbox",
    responses=answers({200: "Notifications"}, {400: "invalid_cursor"}),
)
@rules(Access.ACCOUNT)
async def list_notifications(
    request: ApiRequest, limit: Limit = 20, cursor: Cursor = ""
) -> Response:
    """List the caller's notifications, newest first."""
    notifications = request.backend.notifications
    reply = await request.ask(
        notifications,
        notifications.notifications.ListNotifications,
        notification_pb2.ListNotificationsRequest(page=PageRequest(limit=limit, cursor=cursor)),
        retry=True,
    )
    document = page([render.notification(each) for each in reply.notifications], reply.next_cursor)
    document["unread"] = reply.unread
    return request.answer(200, document)


@router.post(
    "/{notification_id}/read",
    response_class=Response,
    summary="Mark as read",
    responses=answers({200: "Notification"}, {404: ""}),
)
@rules(Access.ACCOUNT, key=Key.HONOURED)
async def mark_read(request: ApiRequest, notification_id: NotificationId) -> Response:
    """Mark a notification as read; repeating it changes nothing."""
    notifications = request.backend.notifications
    reply = await request.ask(
        notifications,
        notifications.notifications.MarkRead,
        notification_pb2.MarkReadRequest(id=notification_id),
    )
    return request.answer(200, render.notification(reply.notification))
