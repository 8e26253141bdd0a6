"""Marks an entry of an account's inbox as read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from notifications.app.language import LanguageOf
from notifications.app.list_notifications import ShownNotice, shown
from notifications.app.ports import Inbox, NoticeTexts
from notifications.domain.errors import NotificationNotFound


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Which entry of whose inbox."""

    account_id: str
    notice_id: str
    locale: str
    now: datetime


async def mark_read(
    command: MarkRead, inbox: Inbox, texts: NoticeTexts, language_of: LanguageOf
) -> ShownNotice:
    """Mark the entry as read and return it; repeating it changes nothing.

    Raises NotificationNotFound for an entry that the account's inbox does not have.
    """
    notice = await inbox.mark_read(command.account_id, command.notice_id, command.now)
    if notice is None:
        raise NotificationNotFound
    return shown(notice, texts, await language_of(command.account_id, command.locale))
