"""Who may see and move a seller's money."""

from __future__ import annotations

from typing import Final

from chassis.actor import Actor
from chassis.errors import forbidden
from payments.app.ports import Memberships, Seller

_ROLES: Final = ("owner", "finance")


class SellerAccess:
    """Asks identity at the moment: what a token said some minutes ago does not move money."""

    def __init__(self, memberships: Memberships) -> None:
        self._memberships = memberships

    async def require(self, actor: Actor, id_or_slug: str, *, staff: bool) -> Seller:
        """Return the seller if the actor is an owner or finance member of it.

        Operators and admins may too if ``staff``. Raises ServiceError ``unauthenticated``,
        ``not_found`` for an unknown seller and ``forbidden``.
        """
        account_id = actor.require_account()
        seller = await self._memberships.seller(id_or_slug)
        if staff and actor.is_staff:
            return seller
        if not await self._memberships.sellers_of(account_id, [seller.id], _ROLES):
            raise forbidden()
        return seller
