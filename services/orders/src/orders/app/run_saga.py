"""Carrying a checkout forward: the same code for the request and for the worker that resumes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from chassis.clock import Clock
from chassis.errors import ServiceError
from chassis.failpoints import failpoint
from orders.app.ports import (
    CartStore,
    CheckoutStore,
    Inventory,
    Payments,
    SettleQueue,
    Variants,
)
from orders.app.reader import EVERYTHING
from orders.domain import checkout as moves
from orders.domain import saga as steps
from orders.domain.cart import CartItem
from orders.domain.checkout import Checkout, Transition
from orders.domain.order import told_reason

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
            steps.COMPENSATING: self._compensate,
        }

    async def run(self, checkout: Checkout, budget_s: float) -> Checkout:
        """Return the checkout as far as it got within ``budget_s`` seconds.

        It ends where it must wait: for the buyer, for a pause after an unknown answer, for
        settling (which is queued), or for nothing more. Raises ServiceError when the database does
        not answer; a worker then goes on from what is stored.
        """
        deadline = time.monotonic() + budget_s
        stored, first = checkout, True
        while first or checkout.saga.step in steps.RUNNABLE:
            step = self._steps.get(checkout.saga.step)
            left_s = deadline - time.monotonic()
            if step is None or left_s < _LEAST_S:
                return stored
            now = self._clock.now()
            if moves.is_overdue(checkout, now):
                transition = moves.expire(checkout, now)
            else:
                transition = await step(checkout, left_s)
            first = False
            if transition.passing:
                checkout = transition.after
                continue
            paused = transition.after.saga.step == checkout.saga.step
            checkout = stored = await self._save(replace(transition, before=stored))
            if paused:
                return checkout
        if checkout.saga.step == steps.SETTLING:
            self._settle_queue.put(checkout)
        return checkout

    async def _save(self, transition: Transition) -> Checkout:
        """Return what is stored now: the move, or what another one made of the order."""
        if transition.after.saga.step == steps.CANCELLED:
            return await self._finish(transition)
        saved = await self._checkouts.save(transition)
        return transition.after if saved else await self._reloaded(transition.before)

    async def _reloaded(self, checkout: Checkout) -> Checkout:
        current = await self._checkouts.load(checkout.order.id)
        if current is None:
            raise AssertionError("orders are never deleted")
        return current

    async def _reserve(self, checkout: Checkout, left_s: float) -> Transition:
        outcome = await self._inventory.reserve(checkout.order, checkout.saga.hold_until, left_s)
        failpoint("reserve.after_answer")
        return moves.after_reserve(checkout, outcome, self._clock.now())

    async def _authorize(self, checkout: Checkout, left_s: float) -> Transition:
        outcome = await self._payments.authorize(checkout, left_s)
        failpoint("authorize.after_answer")
        return moves.after_authorize(checkout, outcome, self._clock.now())

    async def _confirm(self, checkout: Checkout, left_s: float) -> Transition:
        """Confirm a paid order; one whose hold may have ended asks for the stock again first."""
        now = self._clock.now()
        if moves.hold_is_live(checkout, now):
            return moves.confirm(checkout, now, now + moves.LEASE)
        until = moves.renewed_hold_until(now)
        outcome = await self._inventory.reserve(checkout.order, until, left_s)
        return moves.after_hold_renewed(checkout, outcome, self._clock.now())

    async def _compensate(self, checkout: Checkout, left_s: float) -> Transition:
        """Give money and stock back; both peers have to say that it is done."""
        order, reason = checkout.order, told_reason(checkout.order.cancel_reason)
        paid_back, released = await asyncio.gather(
            self._payments.cancel(order.id, reason, left_s),
            self._inventory.release(order.id, reason, left_s),
        )
        failpoint("compensate.after_answer")
        return moves.after_compensation(checkout, paid_back and released, self._clock.now())

    async def _finish(self, transition: Transition) -> Checkout:
        """End a compensation; the cart reopens with it, at today's prices if it needs them."""
        before = transition.before
        reopen = moves.reopens_cart(before)
        try:
            items = await self._refreshed_items(before) if reopen else None
        except ServiceError:
            return await self._save(moves.after_compensation(before, False, self._clock.now()))
        saved = await self._checkouts.finish_compensation(transition, reopen=reopen, items=items)
        failpoint("compensate.after_commit")
        return transition.after if saved else await self._reloaded(before)

    async def _refreshed_items(self, checkout: Checkout) -> Sequence[CartItem] | None:
        """Return the cart's lines at today's prices, or None if they need not change.

        Raises ServiceError when catalog cannot be asked: the cart then reopens later.
        """
        if checkout.order.cancel_reason not in moves.STALE_SNAPSHOT:
            return None
        cart = await self._carts.load(checkout.order.cart_id, EVERYTHING)
        if cart is None:
            return None
        found = await self._variants.find([item.variant_id for item in cart.items])
        return cart.refreshed(found).items
