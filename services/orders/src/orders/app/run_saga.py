"""Carrying a checkout forward: the same code for the request and for the worker that resumes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from chassis.clock import Clock
from chassis.errors import ServiceError
from orders.app.ports import (
    CartStore,
    CheckoutStore,
    Inventory,
    Payments,
    SettleQueue,
    Variants,
)
from orders.domain import checkout as moves
from orders.domain import saga as steps
from orders.domain.cart import CartItem
from orders.domain.checkout import Checkout, Transition

_LEAST_S = 0.2
"""With less time than this left no peer is asked any more."""


class SagaRunner:
    """Takes one step after the other, each stored before the next begins.

    A step is: ask the peer (idempotent by order), let the state machine say what the answer means,
    store that if nobody else moved the order meanwhile. No call is made inside a transaction.
    """

    def __init__(
        self,
        checkouts: CheckoutStore,
        carts: CartStore,
        inventory: Inventory,
        payments: Payments,
        variants: Variants,
        settle_queue: SettleQueue,
        clock: Clock,
    ) -> None:
        self._checkouts = checkouts
        self._carts = carts
        self._inventory = inventory
        self._payments = payments
        self._variants = variants
        self._settle_queue = settle_queue
        self._clock = clock
        self._steps: dict[str, Callable[[Checkout, float], Awaitable[Transition]]] = {
            steps.RESERVING: self._reserve,
            steps.AUTHORIZING: self._authorize,
            steps.WAITING: self._authorize,
            steps.CONFIRMING: self._confirm,
        }

    async def run(self, checkout: Checkout, budget_s: float) -> Checkout:
        """Return the checkout as far as it got within ``budget_s`` seconds.

        It ends where it must wait: for the buyer, for a pause after an unknown answer, for
        settling (which is queued), or for nothing more. Raises ServiceError when the database does
        not answer; a worker then goes on from what is stored.
        """
        deadline = time.monotonic() + budget_s
        first = True
        while first or checkout.saga.step in steps.RUNNABLE:
            left_s = deadline - time.monotonic()
            if left_s < _LEAST_S:
                return checkout
            if checkout.saga.step == steps.COMPENSATING:
                after = await self._compensate(checkout, left_s)
            elif checkout.saga.step in self._steps:
                after = await self._advance(checkout, left_s)
            else:
                return checkout
            paused = after.saga.attempts > 0
            if paused and after.saga.step == checkout.saga.step:
                return after
            checkout, first = after, False
        if checkout.saga.step == steps.SETTLING:
            self._settle_queue.put(checkout)
        return checkout

    async def _advance(self, checkout: Checkout, left_s: float) -> Checkout:
        transition = await self._steps[checkout.saga.step](checkout, left_s)
        if await self._checkouts.save(transition):
            return transition.after
        return await self._reloaded(checkout)

    async def _reloaded(self, checkout: Checkout) -> Checkout:
        current = await self._checkouts.load(checkout.order.id)
        if current is None:
            raise AssertionError("orders are never deleted")
        return current

    async def _reserve(self, checkout: Checkout, left_s: float) -> Transition:
        outcome = await self._inventory.reserve(checkout.order, checkout.saga.hold_until, left_s)
        return moves.after_reserve(checkout, outcome, self._clock.now())

    async def _authorize(self, checkout: Checkout, left_s: float) -> Transition:
        outcome = await self._payments.authorize(checkout, left_s)
        return moves.after_authorize(checkout, outcome, self._clock.now())

    async def _confirm(self, checkout: Checkout, left_s: float) -> Transition:
        """Confirm a paid order; one whose hold may have ended asks for the stock again first."""
        now = self._clock.now()
        if moves.hold_is_live(checkout, now):
            return moves.confirm(checkout, now, now + moves.INLINE_LEASE)
        until = moves.renewed_hold_until(now)
        outcome = await self._inventory.reserve(checkout.order, until, left_s)
        return moves.after_hold_renewed(checkout, outcome, self._clock.now())

    async def _compensate(self, checkout: Checkout, left_s: float) -> Checkout:
        """Give money and stock back; the cart reopens once both are surely done."""
        order = checkout.order
        paid_back, released, refreshed = await asyncio.gather(
            self._payments.cancel(order.id, order.cancel_reason, left_s),
            self._inventory.release(order.id, order.cancel_reason, left_s),
            self._refreshed_items(checkout),
        )
        complete = paid_back and released and refreshed is not None
        transition = moves.after_compensation(checkout, complete, self._clock.now())
        if not complete:
            saved = await self._checkouts.save(transition)
        else:
            saved = await self._checkouts.finish_compensation(
                transition, reopen=moves.reopens_cart(checkout), items=refreshed or None
            )
        return transition.after if saved else await self._reloaded(checkout)

    async def _refreshed_items(self, checkout: Checkout) -> Sequence[CartItem] | None:
        """Return the cart's lines at today's prices, none if they need not change.

        None means that catalog could not be asked, so that the cart cannot reopen yet.
        """
        if checkout.order.cancel_reason not in moves.STALE_SNAPSHOT:
            return ()
        cart = await self._carts.load(checkout.order.cart_id)
        if cart is None:
            return ()
        try:
            found = await self._variants.find([item.variant_id for item in cart.items])
        except ServiceError:
            return None
        return cart.refreshed(found).items
