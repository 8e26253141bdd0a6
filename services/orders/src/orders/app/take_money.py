"""Money first: what is not captured is captured now, or nothing ships and nothing is given back."""

from __future__ import annotations

from chassis.clock import Clock
from orders.app.ports import CheckoutStore, Payments, Wake
from orders.app.settle_orders import SettleOrders, SettleOrdersHandler
from orders.domain import saga as steps
from orders.domain.checkout import Checkout, after_late_capture
from orders.domain.errors import PaymentNotCaptured
from orders.domain.fulfilment import PAID


def is_paid(checkout: Checkout) -> bool:
    """Tell whether the order is settled: its stock allocated, its money captured or not needed."""
    return checkout.saga.step == steps.DONE and checkout.order.payment_status in PAID


class MoneyTaker:
    """Settles an order, or captures one whose capture was left to now."""

    def __init__(
        self,
        checkouts: CheckoutStore,
        settle: SettleOrdersHandler,
        payments: Payments,
        clock: Clock,
        saga_due: Wake,
    ) -> None:
        self._checkouts = checkouts
        self._settle = settle
        self._payments = payments
        self._clock = clock
        self._saga_due = saga_due

    async def take(self, checkout: Checkout, asked: set[str]) -> None:
        """Settle or capture an order; ``asked`` has the steps at which that was tried before.

        Raises PaymentNotCaptured if it is in vain, or was tried at this step.
        """
        step = checkout.saga.step
        if step in asked:
            raise PaymentNotCaptured
        asked.add(step)
        if step == steps.SETTLING:
            await self._settle(SettleOrders([checkout]))
        elif step == steps.DONE and checkout.order.payment_status == "authorized":
            await self._capture(checkout)
        else:
            raise PaymentNotCaptured

    async def _capture(self, checkout: Checkout) -> None:
        outcomes = await self._payments.capture([checkout.order.id])
        outcome = outcomes.get(checkout.order.id, "unknown")
        transition = after_late_capture(checkout, outcome, self._clock.now())
        if transition is None:
            raise PaymentNotCaptured
        if await self._checkouts.save(transition) and outcome == "failed":
            self._saga_due()
            raise PaymentNotCaptured
