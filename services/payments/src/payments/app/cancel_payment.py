"""Making sure that an order's buyer ends up with the money."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.failpoints import failpoint
from payments.app.ports import PaymentRepository
from payments.app.settle import Settler


@dataclass(frozen=True, slots=True)
class CancelPayment:
    """Close an order for payment and give back whatever was or will be taken for it."""

    order_id: UUID
    reason: str


class CancelPaymentHandler:
    """Closes first, so that no later answer can make the money stay; then voids or refunds."""

    def __init__(self, payments: PaymentRepository, settler: Settler, clock: Clock) -> None:
        self._payments = payments
        self._settler = settler
        self._clock = clock

    async def handle(self, command: CancelPayment) -> tuple[bool, str]:
        """Return whether nothing is held or kept any more, and the payment's status."""
        payment = await self._payments.close(command.order_id, command.reason, self._clock.now())
        failpoint("cancel.after_commit")
        if not payment.is_tombstone:
            payment = await self._settler.settle(payment)
        return payment.given_back, payment.status
