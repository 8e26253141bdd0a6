"""Protobuf to use cases and back."""

from __future__ import annotations

from typing import Any

import grpc

from chassis.clock import Clock
from chassis.context import current_actor
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.idempotency import idempotent
from notifications.app.language import LanguageOf
from notifications.app.list_messages import ListMessages, list_messages
from notifications.app.list_notifications import (
    ListNotifications,
    ShownNotice,
    list_notifications,
)
from notifications.app.mark_read import MarkRead, mark_read
from notifications.app.ports import Inbox, MessageLog, NoticeTexts
from soko.notifications.v1 import notification_pb2 as pb
from soko.notifications.v1 import notification_pb2_grpc as pb_grpc

_Context = grpc.aio.ServicerContext[Any, Any]


class NotificationServicer(pb_grpc.NotificationServiceServicer):
    """The caller's own inbox."""

    def __init__(
        self,
        db: Database,
        inbox: Inbox,
        texts: NoticeTexts,
        language_of: LanguageOf,
        cursors: CursorCodec,
        clock: Clock,
    ) -> None:
        self.db = db
        self._inbox = inbox
        self._texts = texts
        self._language_of = language_of
        self._cursors = cursors
        self._clock = clock

    async def ListNotifications(  # noqa: N802
        self, request: pb.ListNotificationsRequest, context: _Context
    ) -> pb.ListNotificationsResponse:
        """Return a page of the caller's inbox, newest first."""
        query = ListNotifications(
            account_id=current_actor().require_account(),
            limit=request.page.limit,
            cursor=request.page.cursor,
            locale=request.locale,
        )
        page = await list_notifications(
            query, self._inbox, self._texts, self._language_of, self._cursors
        )
        return pb.ListNotificationsResponse(
            notifications=[_message(entry) for entry in page.entries],
            next_cursor=page.next_cursor,
            unread=page.unread,
        )

    @idempotent
    async def MarkRead(  # noqa: N802
        self, request: pb.MarkReadRequest, context: _Context
    ) -> pb.MarkReadResponse:
        """Mark one of the caller's entries as read; not_found for any other."""
        command = MarkRead(
            account_id=current_actor().require_account(),
            notice_id=request.id,
            locale=request.locale,
            now=self._clock.now(),
        )
        entry = await mark_read(command, self._inbox, self._texts, self._language_of)
        return pb.MarkReadResponse(notification=_message(entry))


class RealtimeServicer(pb_grpc.RealtimeServiceServicer):
    """Real-time messages, for whoever holds the sockets."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log

    async def ListMessages(  # noqa: N802
        self, request: pb.ListMessagesRequest, context: _Context
    ) -> pb.ListMessagesResponse:
        """Return messages of a group; services only, which have checked who may follow it."""
        current_actor().require_service()
        after = request.after if request.HasField("after") else None
        found = await list_messages(ListMessages(request.group, after), self._log)
        return pb.ListMessagesResponse(
            messages=[
                pb.RealtimeMessage(sequence=m.sequence, body_json=m.body_json.encode())
                for m in found.messages
            ],
            last_sequence=found.last_sequence,
        )


def _message(entry: ShownNotice) -> pb.Notification:
    notice = entry.notice
    message = pb.Notification(
        id=notice.id,
        kind=notice.kind,
        title=entry.title,
        body=entry.body,
        subject_id=notice.subject_id,
        read=notice.read,
    )
    message.created_at.FromDatetime(notice.created_at)
    return message
