"""Reading a cart."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.actor import Actor
from orders.app.cart_access import require_cart
from orders.app.ports import CartStore
from orders.app.reader import reader_of_carts
from orders.domain.cart import Cart
from orders.domain.guest_token import GuestTokens


@dataclass(frozen=True, slots=True)
class GetCart:
    """A cart, by its id and the guest's token."""

    cart_id: str
    token: str
    actor: Actor


class GetCartHandler:
    """One statement."""

    def __init__(self, carts: CartStore, tokens: GuestTokens) -> None:
        self._carts = carts
        self._tokens = tokens

    async def __call__(self, query: GetCart) -> Cart:
        """Return the cart; raises NotFound."""
        cart = await self._carts.load(query.cart_id, reader_of_carts(query.actor))
        return require_cart(cart, query.actor, query.token, self._tokens)
