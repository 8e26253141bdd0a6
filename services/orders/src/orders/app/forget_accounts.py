"""Forgetting the persons behind accounts that were deleted, as soon as no order needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.app.ports import DeletedAccounts

AT_ONCE = 200
"""How many orders are made anonymous in one statement."""
_KEEP = timedelta(days=30)
"""How long it is known that an account was deleted; access tokens of it live for minutes."""


@dataclass(frozen=True, slots=True)
class ForgetAccounts:
    """Forget what may be forgotten at ``now``."""

    now: datetime


class ForgetAccountsHandler:
    """Deletes carts, and takes the person out of orders that are over.

    An order under way keeps address and e-mail until it is over: somebody waits for it. What stays
    for good is what the books and the tax office need: number, lines, amounts and country.
    """

    def __init__(self, accounts: DeletedAccounts) -> None:
        self._accounts = accounts

    async def __call__(self, command: ForgetAccounts) -> int:
        """Return how many orders were made anonymous, ``AT_ONCE`` if there may be more."""
        if not await self._accounts.any_deleted():
            return 0
        await self._accounts.delete_carts()
        erased = await self._accounts.anonymise_orders(AT_ONCE)
        if erased < AT_ONCE:
            await self._accounts.forget_done(command.now - _KEEP)
        return erased
