"""Setting the e-mail address for the order."""

from __future__ import annotations

from dataclasses import dataclass

from orders.app.edit_cart import CartEditor, CartRef
from orders.domain.cart import Cart


@dataclass(frozen=True, slots=True)
class SetEmail:
    """Say where mail for the order goes."""

    cart: CartRef
    email: str


class SetEmailHandler:
    """Two statements."""

    def __init__(self, editor: CartEditor) -> None:
        self._editor = editor

    async def __call__(self, command: SetEmail) -> Cart:
        """Return the changed cart; raises NotFound, CartCheckedOut."""

        async def change(cart: Cart) -> Cart:
            return cart.with_email(command.email)

        return await self._editor.edit(command.cart, change)
