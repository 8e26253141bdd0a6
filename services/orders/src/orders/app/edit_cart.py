"""Changing a cart: load, change, replace the version that was loaded, or begin again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.cart_access import require_cart
from orders.app.ports import CartStore, Key, StoredAnswer
from orders.app.reader import reader_of_carts
from orders.domain.cart import Cart
from orders.domain.errors import CartChanged
from orders.domain.guest_token import GuestTokens

Change = Callable[[Cart], Awaitable[Cart]]

_TRIES = 8


@dataclass(frozen=True, slots=True)
class CartRef:
    """Which cart, and by what right."""

    cart_id: str
    token: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class AnswerUnder:
    """A key, and how the answer to store under it is rendered."""

    key: Key
    render: Callable[[Cart], bytes]

    def of(self, cart: Cart) -> StoredAnswer:
        """Return the answer that shows a cart."""
        return StoredAnswer(self.key, self.render(cart))


class CartEditor:
    """Applies one change to one cart, whoever else is changing it."""

    def __init__(self, carts: CartStore, tokens: GuestTokens, clock: Clock) -> None:
        self._carts = carts
        self._tokens = tokens
        self._clock = clock

    async def edit(self, ref: CartRef, change: Change, answer: AnswerUnder | None = None) -> Cart:
        """Return the changed cart; raises NotFound, CartChanged and what ``change`` raises."""
        for _ in range(_TRIES):
            loaded = await self._carts.load(ref.cart_id, reader_of_carts(ref.actor))
            cart = require_cart(loaded, ref.actor, ref.token, self._tokens)
            changed = await change(cart)
            stored = answer.of(changed) if answer else None
            if await self._carts.save(changed, self._clock.now(), stored):
                return changed
        raise CartChanged
