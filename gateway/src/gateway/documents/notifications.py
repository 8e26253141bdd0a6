"""The inbox and tickets."""

from __future__ import annotations

from datetime import datetime

from gateway.documents.values import Document


class Notification(Document):
    """A notification."""

    id: str
    kind: str
    title: str
    body: str
    subject_id: str | None = None
    read: bool
    created_at: datetime


class Notifications(Document):
    """A page of the inbox."""

    items: list[Notification]
    next_cursor: str | None
    unread: int


class Ticket(Document):
    """A single-use ticket for a WebSocket, good for 60 seconds."""

    ticket: str
