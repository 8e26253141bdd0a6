"""Cancelling an order that has not shipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chassis.actor import Actor
from chassis.clock import Clock
from orders.app.cart_access import require_order
from orders.app.ports import CheckoutStore, Key, StoredAnswer, Wake
from orders.app.reader import reader_of_orders
from orders.domain import checkout as moves
from orders.domain.errors import NotFound, OrderNotCancellable
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order

DEFAULT_REASON = "buyer_request"
_TRIES = 8


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel for the buyer, an operator or an admin.

    The answer is stored with the change: a repetition after a crash finds it.
    """

    order_id: str
    token: str
    actor: Actor
    reason: str
    key: Key | None
    render: Callable[[Order], bytes]


class CancelOrderHandler:
    """Cancels first; stock and money go back afterwards, by the worker."""

    def __init__(
        self, checkouts: CheckoutStore, tokens: GuestTokens, wake: Wake, clock: Clock
    ) -> None:
        self._checkouts = checkouts
        self._tokens = tokens
        self._wake = wake
        self._clock = clock

    async def __call__(self, command: CancelOrder) -> Order:
        """Return the cancelled order.

        Raises AuthenticationRequired, NotFound, OrderNotCancellable.
        """
        for _ in range(_TRIES):
            reader = reader_of_orders(command.actor)
            checkout = await self._checkouts.load(command.order_id, reader)
            require_order(
                checkout.order if checkout else None, command.actor, command.token, self._tokens
            )
            if checkout is None:
                raise NotFound
            reason = command.reason or DEFAULT_REASON
            transition = moves.cancel(checkout, reason, self._clock.now())
            order = transition.after.order
            answer = None
            if command.key:
                answer = StoredAnswer(command.key, command.render(order))
            if await self._checkouts.save(transition, answer):
                self._wake()
                return order
        raise OrderNotCancellable
