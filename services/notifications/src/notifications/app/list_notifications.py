"""Lists an account's inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.cursors import CursorCodec
from notifications.app.language import LanguageOf
from notifications.app.ports import Inbox, NoticeTexts
from notifications.domain.notices import Notice

_KIND = "notifications"
_DEFAULT_LIMIT = 20
_MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class ListNotifications:
    """Which page of whose inbox."""

    account_id: str
    limit: int
    cursor: str
    locale: str
    """BCP 47 tag that the client asks for; empty to take the account's language."""


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """An entry with its words."""

    notice: Notice
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page with its words."""

    entries: Sequence[ShownNotice]
    next_cursor: str
    unread: int


async def list_notifications(
    query: ListNotifications,
    inbox: Inbox,
    texts: NoticeTexts,
    language_of: LanguageOf,
    cursors: CursorCodec,
) -> ShownPage:
    """Return a page, newest first.

    Raises ServiceError ``invalid_cursor`` for a cursor that was made for another inbox.
    """
    limit = max(1, min(query.limit or _DEFAULT_LIMIT, _MAX_LIMIT))
    before = None
    if query.cursor:
        before = str(cursors.decode(_KIND, query.account_id, query.cursor)[0])
    page = await inbox.page(query.account_id, before, limit + 1)
    notices = page.notices[:limit]
    more = len(page.notices) > limit
    locale = await language_of(query.account_id, query.locale) if notices else ""
    return ShownPage(
        entries=[shown(notice, texts, locale) for notice in notices],
        next_cursor=cursors.encode(_KIND, query.account_id, [notices[-1].id]) if more else "",
        unread=page.unread,
    )


def shown(notice: Notice, texts: NoticeTexts, locale: str) -> ShownNotice:
    """Return an entry with its words in a language."""
    return ShownNotice(notice, texts.title(notice, locale), texts.body(notice, locale))
