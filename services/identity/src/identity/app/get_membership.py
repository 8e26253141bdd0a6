"""Tell a service which role an account has at a seller at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from identity.app.ports import Sellers


@dataclass(frozen=True, slots=True)
class GetMembershipHandler:
    """Answers services only: the entrypoint sees to it."""

    sellers: Sellers

    async def handle(self, seller_id: UUID, account_id: UUID) -> str:
        """Return the role, or an empty text when the account is no member."""
        return await self.sellers.role_of(seller_id, account_id) or ""
