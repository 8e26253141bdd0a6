"""Setting the quantity of a line."""

from __future__ import annotations

from dataclasses import dataclass

from orders.app.edit_cart import CartEditor, CartRef
from orders.app.ports import Variants
from orders.domain.cart import Cart
from orders.domain.errors import NotForSale


@dataclass(frozen=True, slots=True)
class UpdateItem:
    """Set how many units a line has."""

    cart: CartRef
    item_id: str
    quantity: int


class UpdateItemHandler:
    """The line takes today's price, as when it is added."""

    def __init__(self, editor: CartEditor, variants: Variants) -> None:
        self._editor = editor
        self._variants = variants

    async def __call__(self, command: UpdateItem) -> Cart:
        """Return the changed cart.

        Raises NotFound, CartCheckedOut, CurrencyMismatch, NotForSale, InsufficientStock,
        QuantityOutOfRange, AmountTooLarge.
        """

        async def change(cart: Cart) -> Cart:
            cart.require_open()
            variant_id = cart.item(command.item_id).variant_id
            variant = (await self._variants.find([variant_id])).get(variant_id)
            if variant is None:
                raise NotForSale(lines=[{"variant_id": variant_id}])
            return cart.set_quantity(command.item_id, command.quantity, variant)

        return await self._editor.edit(command.cart, change)
