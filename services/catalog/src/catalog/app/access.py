"""Who may touch what belongs to a seller."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from catalog.app.ports import Identity
from catalog.domain.errors import NotFound, RoleRequired
from catalog.domain.seller import MAY_READ
from chassis.actor import Actor
from chassis.ids import format_id


class SellerAccess:
    """Decides by the memberships of the access token; asks identity about the others."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def role(self, actor: Actor, seller_id: UUID) -> str:
        """Return the caller's role at a seller, empty without one."""
        if actor.kind != "account":
            return ""
        known = actor.memberships.get(format_id("sel", seller_id))
        return known or await self._identity.role(seller_id, actor.account_id)

    async def may_read(self, actor: Actor, seller_id: UUID) -> bool:
        """Tell whether the caller sees what the seller has not published."""
        return await self.role(actor, seller_id) in MAY_READ

    async def require(
        self, actor: Actor, seller_id: UUID, roles: Collection[str], *, hidden: bool = True
    ) -> None:
        """Raise unless the caller has one of the roles.

        ServiceError ``unauthenticated`` for a guest; for an account that is no member NotFound, or
        RoleRequired if it is no secret that the thing exists; RoleRequired for a lesser role.
        """
        actor.require_account()
        role = await self.role(actor, seller_id)
        if not role and hidden:
            raise NotFound
        if role not in roles:
            raise RoleRequired
