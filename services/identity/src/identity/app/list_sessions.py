"""List the caller's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.cursors import CursorCodec, filter_hash
from identity.app.caller import Caller, require_live
from identity.app.ports import Accounts, ListedSession, Sessions

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_KIND = "sessions"


@dataclass(frozen=True, slots=True)
class ListSessions:
    """A page of what is open."""

    caller: Caller
    limit: int = 0
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class ListSessionsHandler:
    """Handles ListSessions."""

    accounts: Accounts
    sessions: Sessions
    cursors: CursorCodec
    clock: Clock

    async def handle(self, query: ListSessions) -> tuple[Sequence[ListedSession], str]:
        """Return open sessions, the newest first, and the next page's cursor or an empty text.

        Raises SessionEnded, and ServiceError ``malformed`` for a forged cursor.
        """
        now = self.clock.now()
        account = await require_live(self.accounts, query.caller, now)
        filters, before = filter_hash(account.id), None
        if query.cursor:
            before = UUID(str(self.cursors.decode(_KIND, filters, query.cursor)[0]))
        limit = min(query.limit or DEFAULT_LIMIT, MAX_LIMIT)
        found = await self.sessions.page(account.id, before, limit + 1, now)
        if len(found) <= limit:
            return found, ""
        page = found[:limit]
        return page, self.cursors.encode(_KIND, filters, [str(page[-1].id)])
