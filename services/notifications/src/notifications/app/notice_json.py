"""An inbox entry as clients see it."""

from __future__ import annotations

from notifications.app.ports import NoticeTexts
from notifications.domain.notices import Notice


def notice_body(notice: Notice, texts: NoticeTexts, locale: str) -> dict[str, object]:
    """Return the real-time message that tells of a new inbox entry, sequence not yet given."""
    return {
        "type": "notification",
        "payload": {
            "id": notice.id,
            "kind": notice.kind,
            "title": texts.title(notice, locale),
            "body": texts.body(notice, locale),
            "subject_id": notice.subject_id,
            "read": notice.read,
            "created_at": notice.created_at.isoformat().replace("+00:00", "Z"),
        },
    }
