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
        role = await self._role(actor, seller_id)
        if not role:
            raise NotFound
        if role not in _SHIPPERS:
            raise NotAMember

    async def part_to_ship(self, actor: Actor, order: Order, part_id: str) -> SellerOrder:
        """Return the seller's part that the caller ships: the named one, or the only one.

        Raises ``authentication_required`` for guests, NotFound for strangers and for an order that
        no seller sees yet, NotAMember for those who see the order and may not ship, and
        SellerOrderRequired.
        """
        account_id = actor.require_account()
        known = account_id == order.account_id or actor.is_staff
        named: list[tuple[SellerOrder, str]] = []
        if order.confirmed_at is not None:
            named = [
                (part, await self._role(actor, part.seller_id))
                for part in order.seller_orders
                if part_id in ("", part.id)
            ]
        own = [part for part, role in named if role in _SHIPPERS]
        if not own:
            raise NotAMember if known or any(role for _, role in named) else NotFound
        if len(own) > 1:
            raise SellerOrderRequired
        return own[0]

    async def _role(self, actor: Actor, seller_id: str) -> str:
        """Return the caller's role at a seller, empty without one."""
        account_id = actor.require_account()
        role = actor.memberships.get(seller_id)
        return role if role is not None else await self._sellers.role_of(seller_id, account_id)
