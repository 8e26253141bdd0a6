"""Setting where to ship."""

from __future__ import annotations

from dataclasses import dataclass

from orders.app.edit_cart import CartEditor, CartRef
from orders.domain.address import Address
from orders.domain.cart import Cart


@dataclass(frozen=True, slots=True)
class SetShippingAddress:
    """Say where the goods go."""

    cart: CartRef
    address: Address


class SetShippingAddressHandler:
    """Two statements."""

    def __init__(self, editor: CartEditor) -> None:
        self._editor = editor

    async def __call__(self, command: SetShippingAddress) -> Cart:
        """Return the changed cart; raises NotFound, CartCheckedOut."""

        async def change(cart: Cart) -> Cart:
            return cart.with_shipping_address(command.address)

        return await self._editor.edit(command.cart, change)
