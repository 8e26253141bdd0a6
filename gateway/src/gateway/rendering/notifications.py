"""The in-app inbox."""

from __future__ import annotations

from gateway.rendering.values import Document, time
from soko.notifications.v1 import notification_pb2


def notification(value: notification_pb2.Notification) -> Document:
    """Return a notification."""
    document: Document = {
        "id": value.id,
        "kind": value.kind,
        "title": value.title,
        "body": value.body,
        "read": value.read,
        "created_at": time(value.created_at),
    }
    if value.subject_id:
        document["subject_id"] = value.subject_id
    return document
