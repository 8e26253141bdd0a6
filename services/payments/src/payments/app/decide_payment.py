"""Deciding a sandbox payment that awaits its buyer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.errors import not_found
from payments.app.ports import PaymentRepository, SandboxBuyer
from payments.app.settle import Settler, as_asked_for
from payments.domain.payment import Payment


@dataclass(frozen=True, slots=True)
class DecidePayment:
    """Let an awaiting payment of the sandbox succeed or fail."""

    payment_id: UUID
    succeed: bool


class DecidePaymentHandler:
    """Decides at the provider; what it then says of the payment is taken in as after a webhook."""

    def __init__(
        self, payments: PaymentRepository, buyer: SandboxBuyer, provider: str, settler: Settler
    ) -> None:
        self._payments = payments
        self._buyer = buyer
        self._provider = provider
        self._settler = settler

    async def handle(self, command: DecidePayment) -> Payment:
        """Return the payment; raises not_found, or PaymentDecided when it went the other way."""
        payment = await self._payments.get(command.payment_id)
        if payment is None or payment.provider != self._provider or payment.attempt is None:
            raise not_found()
        await self._buyer.decide(as_asked_for(payment), succeed=command.succeed)
        return await self._settler.settle(payment)
