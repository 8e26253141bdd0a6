"""Who may ship for a seller."""

from __future__ import annotations

from typing import Final

from chassis.actor import Actor
from orders.app.ports import Sellers
from orders.domain.errors import NotAMember, NotFound, SellerOrderRequired
from orders.domain.order import Order, SellerOrder

_SHIPPERS: Final = frozenset({"owner", "manager", "fulfilment"})


class SellerStaff:
    """Asks the token first, then identity: a membership may be younger than the token."""

    def __init__(self, sellers: Sellers) -> None:
        self._sellers = sellers

    async def require_shipper(self, actor: Actor, seller_id: str) -> None:
        """Raise NotFound for somebody without a role at the seller, NotAMember for a lesser one.

        Raises ``authentication_required`` for guests.
        """
        if not await self._ships_for(actor, seller_id):
            raise NotFound

    async def part_to_ship(self, actor: Actor, order: Order, part_id: str) -> SellerOrder:
        """Return the seller's part that the caller ships: the named one, or his only one.

        Raises ``authentication_required`` for guests, NotFound for strangers and for an order that
        no seller sees yet, NotAMember for those who see the order and may not ship, and
        SellerOrderRequired.
        """
        account_id = actor.require_account()
        known = account_id == order.account_id or actor.has_role("operator", "admin")
        own = []
        if order.confirmed_at is not None:
            named = [part for part in order.seller_orders if part_id in ("", part.id)]
            own = [part for part in named if await self._ships_for(actor, part.seller_id)]
        if not own:
            raise NotAMember if known else NotFound
        if len(own) > 1:
            raise SellerOrderRequired
        return own[0]

    async def _ships_for(self, actor: Actor, seller_id: str) -> bool:
        """Tell whether the caller has a role at the seller; raise NotAMember for a lesser one."""
        account_id = actor.require_account()
        role = actor.memberships.get(seller_id)
        if role is None:
            role = await self._sellers.role_of(seller_id, account_id)
        if role and role not in _SHIPPERS:
            raise NotAMember
        return bool(role)
