"""Reading an order."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.actor import Actor
from orders.app.cart_access import require_order
from orders.app.ports import OrderReader
from orders.app.reader import reader_of_orders
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order


@dataclass(frozen=True, slots=True)
class GetOrder:
    """An order, by its id and the guest's token."""

    order_id: str
    token: str
    actor: Actor


class GetOrderHandler:
    """One statement."""

    def __init__(self, orders: OrderReader, tokens: GuestTokens) -> None:
        self._orders = orders
        self._tokens = tokens

    async def __call__(self, query: GetOrder) -> Order:
        """Return the order; raises AuthenticationRequired, NotFound."""
        order = await self._orders.load(query.order_id, reader_of_orders(query.actor))
        return require_order(order, query.actor, query.token, self._tokens)
