"""Listing the orders that a seller has a part in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.actor import Actor
from chassis.cursors import CursorCodec, filter_hash
from orders.app.ports import OrderReader, Sellers
from orders.domain.errors import NotAMember
from orders.domain.order import Order

_KIND = "seller_orders"


@dataclass(frozen=True, slots=True)
class ListSellerOrders:
    """A page of a seller's orders, from confirmed on, the last confirmed first."""

    seller: str
    """Seller id or slug."""
    actor: Actor
    limit: int
    cursor: str


class ListSellerOrdersHandler:
    """Keyset over when orders were confirmed: a late one comes at the top, not in the middle."""

    def __init__(self, orders: OrderReader, sellers: Sellers, cursors: CursorCodec) -> None:
        self._orders = orders
        self._sellers = sellers
        self._cursors = cursors

    async def __call__(self, query: ListSellerOrders) -> tuple[Sequence[Order], str]:
        """Return the orders, each with the seller's lines only, and the next page's cursor.

        Raises ``authentication_required`` for guests, ``not_found`` for an unknown seller,
        NotAMember, ``invalid_cursor``.
        """
        account_id = query.actor.require_account()
        seller_id = await self._sellers.resolve(query.seller)
        if not await self._may_see(query.actor, seller_id, account_id):
            raise NotAMember
        filters = filter_hash(seller_id)
        before = None
        if query.cursor:
            confirmed_at, order_id = self._cursors.decode(_KIND, filters, query.cursor)
            before = (datetime.fromisoformat(str(confirmed_at)), str(order_id))
        found = await self._orders.page_of_seller(seller_id, before, query.limit + 1)
        page = [order.seen_by(seller_id) for order in found[: query.limit]]
        if len(found) <= query.limit:
            return page, ""
        last = page[-1]
        at = last.confirmed_at.isoformat() if last.confirmed_at else ""
        return page, self._cursors.encode(_KIND, filters, [at, last.id])

    async def _may_see(self, actor: Actor, seller_id: str, account_id: str) -> bool:
        if seller_id in actor.memberships or actor.is_staff:
            return True
        return bool(await self._sellers.role_of(seller_id, account_id))
