"""Refunding part or all of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.auth import Actor
from chassis.clock import Clock
from chassis.errors import not_found
from payments.app.ports import Memberships, PaymentRepository
from payments.app.settle import Settler
from payments.domain.errors import PartialRefundUnavailable
from payments.domain.payment import Payment
from payments.domain.refunds import Refund

_SELLER_ROLES = ("owner", "manager", "finance")


@dataclass(frozen=True, slots=True)
class CreateRefund:
    """Refund an amount (minor units, currency), units of lines, or all that is left."""

    refund_id: UUID
    """Derived from the idempotency key: the same command again means the same refund."""
    order_id: UUID
    amount: tuple[int, str] | None
    items: Mapping[str, int]
    reason: str
    seller_order_id: str = ""
    """Only of this seller order; empty for all of the caller's part."""


class CreateRefundHandler:
    """Takes the amount out of what is refundable under the payment's lock, then pays it."""

    def __init__(
        self,
        payments: PaymentRepository,
        settler: Settler,
        memberships: Memberships,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._settler = settler
        self._memberships = memberships
        self._clock = clock

    async def handle(self, command: CreateRefund, actor: Actor) -> tuple[Refund, Payment]:
        """Return the refund as far as it got, with its payment.

        Services refund units whatever went back of them before, as far as there is anything left.
        Raises forbidden (``step_up_required``), not_found for an order in which the actor has no
        part, PartialRefundUnavailable where the provider returns all or nothing, and what
        Payment.request_refund raises.
        """
        of_service = actor.kind == "service"
        account_id = "" if of_service else actor.require_account()
        actor.require_step_up()
        payment = await self._payments.find_by_order(command.order_id)
        if payment is None or payment.is_tombstone:
            raise not_found()
        sellers = None
        if not (of_service or actor.is_staff):
            of_order = {split.seller_id for split in payment.splits}
            sellers = await self._memberships.sellers_of(account_id, of_order, _SELLER_ROLES)
        now = self._clock.now()
        in_parts = self._settler.refunds_in_parts(payment)

        def act(current: Payment) -> tuple[Refund, bool]:
            for refund in current.refunds:
                if refund.id == command.refund_id:
                    return refund, False
            started = current.request_refund(
                command.refund_id,
                command.reason,
                now,
                amount=command.amount,
                items=command.items,
                sellers=sellers,
                seller_order_id=command.seller_order_id,
                at_most_left=of_service,
            )
            if not in_parts and started.amount_minor < current.captured_minor:
                raise PartialRefundUnavailable("this payment goes back as a whole only")
            return started, True

        payment, (refund, is_new) = await self._payments.change(payment.id, act, now, sellers)
        if not refund.ended:
            payment = await self._settler.pay_refund(payment, refund, first=is_new)
        return next(each for each in payment.refunds if each.id == refund.id), payment
