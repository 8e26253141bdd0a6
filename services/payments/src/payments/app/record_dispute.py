"""Noting what becomes of a disputed payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from chassis.clock import Clock
from chassis.errors import not_found
from payments.app.ports import PaymentRepository
from payments.domain import disputes
from payments.domain.disputes import Dispute
from payments.domain.payment import Payment

STATUSES: Final = (disputes.OPENED, disputes.WON, disputes.LOST)


@dataclass(frozen=True, slots=True)
class RecordDispute:
    """A provider's dispute of an order's payment is opened, won or lost."""

    order_id: UUID
    reference: str
    """The provider's id of the dispute."""
    status: str
    amount: tuple[int, str] | None = None
    """In minor units and currency; None for all that is left."""
    fee_minor: int = 0
    reason: str = ""


class RecordDisputeHandler:
    """Opens a dispute that is decided before anybody heard of it: providers tell in any order."""

    def __init__(self, payments: PaymentRepository, clock: Clock) -> None:
        self._payments = payments
        self._clock = clock

    async def handle(self, command: RecordDispute) -> tuple[Dispute, Payment]:
        """Return the dispute with its payment; the same again changes nothing.

        Raises not_found for an order without a payment, and what Payment.open_dispute and
        Payment.decide_dispute raise.
        """
        payment = await self._payments.find_by_order(command.order_id)
        if payment is None or payment.is_tombstone:
            raise not_found()
        now = self._clock.now()

        def act(current: Payment) -> Dispute:
            dispute = current.open_dispute(
                uuid5(current.id, f"dispute:{command.reference}"),
                command.reference,
                now,
                amount=command.amount,
                fee_minor=command.fee_minor,
                reason=command.reason,
            )
            if command.status != disputes.OPENED:
                current.decide_dispute(dispute, won=command.status == disputes.WON)
            return dispute

        payment, dispute = await self._payments.change(payment.id, act, now)
        return dispute, payment
