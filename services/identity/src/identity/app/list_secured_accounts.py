"""List the accounts whose older access tokens do not say that there is a second factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from identity.app.ports import SecondFactors
from identity.domain.session import MAX_LISTED_REVOCATIONS, REVOKED_WINDOW


@dataclass(frozen=True, slots=True)
class ListSecuredAccountsHandler:
    """Answers for a gateway that has just started and missed the events."""

    factors: SecondFactors
    clock: Clock

    async def handle(self) -> Sequence[UUID]:
        """Return the accounts that set a second factor in the last fifteen minutes."""
        return await self.factors.confirmed_since(
            self.clock.now() - REVOKED_WINDOW, MAX_LISTED_REVOCATIONS
        )
