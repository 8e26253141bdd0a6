"""Opening a cart, with its first lines if there are some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chassis.actor import Actor
from chassis.clock import Clock
from chassis.ids import format_id, new_id
from orders.app.ports import CartStore, Variants
from orders.app.reader import reader_of_carts
from orders.domain.address import Address
from orders.domain.cart import MAX_LINES, OPEN, Cart
from orders.domain.errors import CartFull, NotFound, VariantUnknown
from orders.domain.variant import Variant


@dataclass(frozen=True, slots=True)
class NewLine:
    """Units of a variant."""

    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CreateCart:
    """Open a cart: the account's if an account calls, else a guest's.

    ``cart_id`` is the same for every repetition of one request.
    """

    cart_id: str
    actor: Actor
    currency: str
    country: str
    lines: Sequence[NewLine]
    email: str
    shipping_address: Address | None


class CreateCartHandler:
    """One question to catalog, one statement."""

    def __init__(
        self, carts: CartStore, variants: Variants, clock: Clock, default_currency: str
    ) -> None:
        self._carts = carts
        self._variants = variants
        self._clock = clock
        self._default_currency = default_currency

    async def __call__(self, command: CreateCart) -> Cart:
        """Return the new cart.

        Raises VariantUnknown, CurrencyMismatch, NotForSale, InsufficientStock,
        QuantityOutOfRange, CartFull, AmountTooLarge.
        """
        if len(command.lines) > MAX_LINES:
            raise CartFull(max_lines=MAX_LINES)
        found: Mapping[str, Variant] = {}
        if command.lines:
            wanted = list(dict.fromkeys(line.variant_id for line in command.lines))
            found = await self._variants.find(wanted)
        cart = self._filled(command, found)
        if await self._carts.create(cart, self._clock.now()):
            return cart
        # The same request came before and its answer got lost: its cart is this one.
        existing = await self._carts.load(cart.id, reader_of_carts(command.actor))
        if existing is None:
            raise NotFound
        return existing

    def _filled(self, command: CreateCart, found: Mapping[str, Variant]) -> Cart:
        cart = Cart(
            id=command.cart_id,
            account_id=command.actor.account_id,
            token_generation=0 if command.actor.account_id else 1,
            status=OPEN,
            currency=command.currency or self._default_currency,
            currency_fixed=bool(command.currency),
            country=command.country,
            items=(),
            email=command.email,
            shipping_address=command.shipping_address,
            version=1,
        )
        for line in command.lines:
            variant = found.get(line.variant_id)
            if variant is None:
                raise VariantUnknown(variant_id=line.variant_id)
            cart = cart.add(variant, line.quantity, format_id("item", new_id()))
        return replace(cart, version=1)
