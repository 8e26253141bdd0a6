"""Making a guest's cart the caller's."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.cart_access import require_cart
from orders.app.ports import CartStore
from orders.app.reader import reader_of_carts
from orders.domain.cart import Cart
from orders.domain.errors import CartChanged, CartFull, CurrencyMismatch
from orders.domain.guest_token import GuestTokens

_TRIES = 8


@dataclass(frozen=True, slots=True)
class ClaimCart:
    """Take over a guest's cart, proven by its token."""

    cart_id: str
    token: str
    actor: Actor


class ClaimCartHandler:
    """Merges into the account's open cart by variant, or hands the cart over as it is.

    A cart that cannot be merged without losing a line (another currency, too many lines) is handed
    over too: the account then has two, and sees the one that was changed last.
    """

    def __init__(self, carts: CartStore, tokens: GuestTokens, clock: Clock) -> None:
        self._carts = carts
        self._tokens = tokens
        self._clock = clock

    async def __call__(self, command: ClaimCart) -> Cart:
        """Return the account's cart; repeating it returns the same cart.

        Raises ``authentication_required`` for guests, NotFound, CartCheckedOut, CartChanged.
        """
        account_id = command.actor.require_account()
        for _ in range(_TRIES):
            cart = await self._carts.load(command.cart_id, reader_of_carts(command.actor))
            if cart is None:
                cart = await self._carts.merged_into(command.cart_id, account_id)
            elif not cart.account_id:
                require_cart(cart, command.actor, command.token, self._tokens)
                cart = await self._claim(cart, account_id)
                if cart is None:
                    continue
            return require_cart(cart, command.actor, "", self._tokens)
        raise CartChanged

    async def _claim(self, guest: Cart, account_id: str) -> Cart | None:
        """Return the account's cart, or None if one of the carts was changed meanwhile."""
        claimed = guest.claimed_by(account_id)
        own = await self._carts.newest_open_of(account_id)
        now = self._clock.now()
        try:
            merged = own.absorb(guest) if own else None
        except (CurrencyMismatch, CartFull):
            merged = None
        if merged is None:
            return claimed if await self._carts.save(claimed, now) else None
        return merged if await self._carts.merge(merged, claimed, now) else None
