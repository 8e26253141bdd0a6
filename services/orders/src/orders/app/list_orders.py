"""Listing the caller's orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.cursors import CursorCodec, filter_hash
from orders.app.ports import OrderReader
from orders.domain.order import Order

_KIND = "orders"


@dataclass(frozen=True, slots=True)
class ListOrders:
    """A page of the account's orders, newest first."""

    actor: Actor
    limit: int
    cursor: str


class ListOrdersHandler:
    """Keyset over order ids, which grow with time."""

    def __init__(self, orders: OrderReader, cursors: CursorCodec) -> None:
        self._orders = orders
        self._cursors = cursors

    async def __call__(self, query: ListOrders) -> tuple[Sequence[Order], str]:
        """Return the orders and the next page's cursor, empty at the end.

        Raises ``authentication_required`` for guests, ``invalid_cursor``.
        """
        account_id = query.actor.require_account()
        filters = filter_hash(account_id)
        before = None
        if query.cursor:
            before = str(self._cursors.decode(_KIND, filters, query.cursor)[0])
        found = await self._orders.page_of_account(account_id, before, query.limit + 1)
        page = found[: query.limit]
        if len(found) <= query.limit:
            return page, ""
        return page, self._cursors.encode(_KIND, filters, [page[-1].id])
