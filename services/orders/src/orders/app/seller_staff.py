"""What a seller's people may have of orders: those that their seller has a confirmed part in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from chassis.actor import Actor
from orders.app.ports import Sellers
from orders.app.seller_parts import PartOf, SellerParts
from orders.domain.checkout import Checkout
from orders.domain.errors import NotAMember, NotFound, SellerOrderRequired
from orders.domain.order import SellerOrder

_SHIPPERS: Final = frozenset({"owner", "manager", "fulfilment"})
_ANY: Final = frozenset({*_SHIPPERS, "finance", "viewer"})


class SellerStaff:
    """Reads orders in the name of the sellers that the caller works for.

    They are those that the token names; where they have no part, identity is asked about the
    others that have one: a membership may be younger than the token.
    """

    def __init__(self, parts: SellerParts, sellers: Sellers) -> None:
        self._parts = parts
        self._sellers = sellers

    async def part_to_ship(self, actor: Actor, which: PartOf) -> tuple[Checkout, SellerOrder]:
        """Return the order and the part of it that the caller ships: the named or the only one.

        Raises ``authentication_required`` for guests, NotFound for strangers and for an order that
        no seller sees yet, NotAMember for those who see the order and may not ship, and
        SellerOrderRequired.
        """
        checkout, sellers = await self._find(actor, which, _SHIPPERS)
        parcel = checkout.order.shipment(which.shipment_id)
        part_id = parcel.seller_order_id if parcel else which.seller_order_id
        own = [
            part
            for part in checkout.order.seller_orders
            if part.seller_id in sellers and part_id in ("", part.id)
        ]
        if len(own) > 1:
            raise SellerOrderRequired
        return checkout, own[0]

    async def order_of(self, actor: Actor, which: PartOf) -> tuple[Checkout, Collection[str]]:
        """Return the order and the sellers that the caller works for in it, whatever the role.

        Raises as ``part_to_ship``.
        """
        return await self._find(actor, which, _ANY)

    async def _find(
        self, actor: Actor, which: PartOf, roles: Collection[str]
    ) -> tuple[Checkout, Collection[str]]:
        actor.require_account()
        sellers = {seller for seller, role in actor.memberships.items() if role in roles}
        checkout = await self._parts.load(which, sellers) if sellers else None
        if checkout is None:
            sellers = await self._sellers_now(actor, which, roles)
            checkout = await self._parts.load(which, sellers)
        if checkout is None:
            raise NotFound
        return checkout, sellers

    async def _sellers_now(self, actor: Actor, which: PartOf, roles: Collection[str]) -> set[str]:
        """Return the sellers that have a part and the caller in one of the roles."""
        parties = await self._parts.parties(which)
        if parties is None:
            raise NotFound
        named = {seller: await self._role(actor, seller) for seller in parties.sellers}
        sellers = {seller for seller, role in named.items() if role in roles}
        if not sellers:
            known = parties.account_id == actor.account_id or actor.is_staff
            # Of parcels only sellers are told.
            if any(named.values()) or (known and not which.shipment_id):
                raise NotAMember
            raise NotFound
        return sellers

    async def _role(self, actor: Actor, seller_id: str) -> str:
        """Return the caller's role at a seller, empty without one."""
        role = actor.memberships.get(seller_id)
        return (
            role if role is not None else await self._sellers.role_of(seller_id, actor.account_id)
        )
