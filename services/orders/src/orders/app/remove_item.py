"""Removing a line."""

from __future__ import annotations

from dataclasses import dataclass

from orders.app.edit_cart import CartEditor, CartRef
from orders.domain.cart import Cart


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take a line out of a cart."""

    cart: CartRef
    item_id: str


class RemoveItemHandler:
    """Two statements."""

    def __init__(self, editor: CartEditor) -> None:
        self._editor = editor

    async def __call__(self, command: RemoveItem) -> Cart:
        """Return the changed cart; raises NotFound, CartCheckedOut."""

        async def change(cart: Cart) -> Cart:
            return cart.remove(command.item_id)

        return await self._editor.edit(command.cart, change)
