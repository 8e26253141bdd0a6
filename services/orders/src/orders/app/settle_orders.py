"""Settling confirmed orders: allocate their stock, then capture their money, many at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.failpoints import failpoint
from orders.app.ports import CheckoutStore, Inventory, Payments
from orders.domain import checkout as moves
from orders.domain.checkout import Checkout, Transition
from orders.domain.outcomes import CaptureOutcome, CapturePolicy

MAX_BATCH = 50
_RESERVE_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class SettleOrders:
    """Settle orders whose sagas are at ``settling``; at most MAX_BATCH."""

    checkouts: Sequence[Checkout]


class SettleOrdersHandler:
    """One call to catalog, one to payments and one statement for the whole batch.

    Stock comes first: what could not be allocated is not captured. All three may be repeated.
    With the policy ``at_first_shipment`` the money is left to the first shipment.
    """

    def __init__(
        self,
        checkouts: CheckoutStore,
        inventory: Inventory,
        payments: Payments,
        clock: Clock,
        policy: CapturePolicy = "at_confirm",
    ) -> None:
        self._checkouts = checkouts
        self._inventory = inventory
        self._payments = payments
        self._clock = clock
        self._policy = policy

    async def __call__(self, command: SettleOrders) -> None:
        """Settle; those whose outcome is unknown stay and are tried again after a pause."""
        by_id = {checkout.order.id: checkout for checkout in command.checkouts}
        missing = await self._inventory.commit(list(by_id))
        failpoint("settle.after_allocation")
        if missing is None:
            await self._save_later(list(by_id.values()))
            return
        allocated = [order_id for order_id in by_id if order_id not in missing]
        captures: Mapping[str, CaptureOutcome] = {}
        if self._policy == "at_first_shipment":
            captures = dict.fromkeys(allocated, "deferred")
        elif allocated:
            captures = await self._payments.capture(allocated)
            failpoint("settle.after_capture")
        await self._record({order_id: by_id[order_id] for order_id in allocated}, captures)
        for order_id in missing & by_id.keys():
            await self._hold_again(by_id[order_id])

    async def _record(
        self, allocated: Mapping[str, Checkout], captures: Mapping[str, CaptureOutcome]
    ) -> None:
        now = self._clock.now()
        done: list[Transition] = []
        for order_id, checkout in allocated.items():
            outcome = captures.get(order_id, "unknown")
            transition = moves.after_settling(checkout, outcome, now)
            if outcome in {"captured", "not_required", "deferred"}:
                done.append(transition)
            else:
                await self._checkouts.save(transition)
        if done:
            await self._checkouts.save_settled(done)

    async def _hold_again(self, checkout: Checkout) -> None:
        """A confirmed order without a hold asks for the stock again; sold out, it is cancelled."""
        until = moves.renewed_hold_until(self._clock.now())
        outcome = await self._inventory.reserve(checkout.order, until, _RESERVE_TIMEOUT_S)
        await self._checkouts.save(moves.after_hold_lost(checkout, outcome, self._clock.now()))

    async def _save_later(self, checkouts: Sequence[Checkout]) -> None:
        for checkout in checkouts:
            await self._checkouts.save(moves.settle_later(checkout, self._clock.now()))
