"""List what was revoked while access tokens of it may not have expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.ports import ApiKeys, Sessions
from identity.domain.session import MAX_LISTED_REVOCATIONS, REVOKED_WINDOW


@dataclass(frozen=True, slots=True)
class ListRevokedSessionsHandler:
    """Answers for a gateway that has just started and missed the events."""

    sessions: Sessions
    keys: ApiKeys
    clock: Clock

    async def handle(self) -> tuple[Sequence[UUID], Sequence[UUID]]:
        """Return the sessions and the API keys that were ended in the last fifteen minutes."""
        since = self.clock.now() - REVOKED_WINDOW
        return (
            await self.sessions.revoked_since(since, MAX_LISTED_REVOCATIONS),
            await self.keys.revoked_since(since, MAX_LISTED_REVOCATIONS),
        )
