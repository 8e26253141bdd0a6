"""List the sessions whose access tokens must be refused although they have not expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.ports import Sessions
from identity.domain.session import MAX_LISTED_REVOCATIONS, REVOKED_WINDOW


@dataclass(frozen=True, slots=True)
class ListRevokedSessionsHandler:
    """Answers for a gateway that has just started and missed the events."""

    sessions: Sessions
    clock: Clock

    async def handle(self) -> Sequence[UUID]:
        """Return the sessions that were ended in the last fifteen minutes."""
        return await self.sessions.revoked_since(
            self.clock.now() - REVOKED_WINDOW, MAX_LISTED_REVOCATIONS
        )
