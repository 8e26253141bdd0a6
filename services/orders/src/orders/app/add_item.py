"""Adding units of a variant to a cart."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.ids import format_id, new_id
from orders.app.edit_cart import AnswerUnder, CartEditor, CartRef
from orders.app.ports import Variants
from orders.domain.cart import Cart
from orders.domain.errors import VariantUnknown


@dataclass(frozen=True, slots=True)
class AddItem:
    """Add units of a variant; a line of the same variant grows.

    With ``answer`` the answer is stored with the change: a repetition after a crash adds nothing.
    """

    cart: CartRef
    variant_id: str
    quantity: int
    answer: AnswerUnder | None = None


class AddItemHandler:
    """Asks catalog once the caller's right is proven, then replaces the cart."""

    def __init__(self, editor: CartEditor, variants: Variants) -> None:
        self._editor = editor
        self._variants = variants

    async def __call__(self, command: AddItem) -> Cart:
        """Return the changed cart.

        Raises NotFound, CartCheckedOut, VariantUnknown, CurrencyMismatch, NotForSale,
        InsufficientStock, QuantityOutOfRange, CartFull, AmountTooLarge.
        """
        item_id = format_id("item", new_id())

        async def change(cart: Cart) -> Cart:
            cart.require_open()
            found = await self._variants.find([command.variant_id])
            variant = found.get(command.variant_id)
            if variant is None:
                raise VariantUnknown(variant_id=command.variant_id)
            return cart.add(variant, command.quantity, item_id)

        return await self._editor.edit(command.cart, change, command.answer)
