"""Reading the caller's open cart."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.actor import Actor
from orders.app.ports import CartStore
from orders.domain.cart import Cart
from orders.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetMyCart:
    """The account's open cart; of several, the one that was changed last."""

    actor: Actor


class GetMyCartHandler:
    """One statement."""

    def __init__(self, carts: CartStore) -> None:
        self._carts = carts

    async def __call__(self, query: GetMyCart) -> Cart:
        """Return the cart; raises ``authentication_required`` for guests, NotFound without one."""
        cart = await self._carts.newest_open_of(query.actor.require_account())
        if cart is None:
            raise NotFound
        return cart
