"""Authorizing the amount of an order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.failpoints import failpoint
from chassis.ids import new_id
from payments.app.commission_rules import CurrentRules
from payments.app.methods import NO_PROVIDER, Methods
from payments.app.ports import PaymentRepository
from payments.app.settle import Settler, as_asked_for, ask
from payments.domain import status
from payments.domain.commission import RuleBook
from payments.domain.errors import MethodUnavailable, OrderClosed, PaymentDiffers
from payments.domain.payment import PENDING, Attempt, Payment
from payments.domain.splits import Split, check_splits

_GONE = frozenset({status.FAILED, status.VOIDED, status.REFUNDED, status.CHARGED_BACK})
"""Statuses of a payment for which nothing is sold any more."""
_DECLINE_REASONS = frozenset({"declined", "insufficient_funds"})


@dataclass(frozen=True, slots=True)
class AuthorizeOrder:
    """Authorize ``amount_minor`` for an order; repeating it answers what became of it.

    Without a ``method_type`` it only asks: whoever repeats it need not keep the buyer's token.
    """

    order_id: UUID
    amount_minor: int
    currency: str
    method_type: str
    token: str
    phone: str
    splits: tuple[Split, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What became of it; the words are those of the contract."""

    outcome: str
    payment_id: UUID
    decline_reason: str = ""
    next_action_type: str = ""
    next_action_url: str = ""
    expires_at: datetime | None = None


class AuthorizeHandler:
    """Commits the attempt, asks the provider, records the answer: three statements if all is well.

    Calls for one order that meet in this process share one flight. Elsewhere the unique order id
    decides who calls the provider, and the others answer ``unknown`` until there is an answer.
    """

    def __init__(
        self,
        payments: PaymentRepository,
        methods: Methods,
        settler: Settler,
        rules: CurrentRules,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._rules = rules
        self._methods = methods
        self._settler = settler
        self._clock = clock
        self._flights: dict[UUID, asyncio.Future[Payment]] = {}

    async def handle(self, command: AuthorizeOrder) -> Authorization:
        """Return what became of the order's authorization.

        Raises OrderClosed after a cancellation, MethodUnavailable, PaymentTokenInvalid,
        SplitsDoNotAddUp, and PaymentDiffers for another amount than the order's payment has.
        """
        check_splits(command.splits, command.amount_minor)
        if command.method_type:
            method = self._methods.of_type(command.method_type)
            method.check_amount(command.amount_minor, command.currency)
            if method.provider is not None:
                method.provider.check_method(command.token, command.phone)
        payment = await self._shared_flight(command)
        if payment.closed_at is not None:
            raise OrderClosed("the order was cancelled")
        if (payment.amount_minor, payment.currency) != (command.amount_minor, command.currency):
            raise PaymentDiffers("the order's payment is of another amount")
        return self._answer(payment)

    async def _shared_flight(self, command: AuthorizeOrder) -> Payment:
        flight = self._flights.get(command.order_id)
        if flight is None:
            # A task of its own: a caller who stops waiting does not stop the others' flight.
            flight = asyncio.ensure_future(self._fly(command))
            self._flights[command.order_id] = flight
            flight.add_done_callback(lambda done: self._land(command.order_id, done))
        return await asyncio.shield(flight)

    def _land(self, order_id: UUID, flight: asyncio.Future[Payment]) -> None:
        self._flights.pop(order_id, None)
        if not flight.cancelled():
            # Seen here, so that an error that nobody waits for any more is not reported as lost.
            flight.exception()

    async def _fly(self, command: AuthorizeOrder) -> Payment:
        if not command.method_type:
            return await self._existing(command)
        payment = self._new_payment(command, await self._rules.book())
        failpoint("authorize.before_commit")
        opened = await self._payments.open(payment)
        failpoint("authorize.after_commit")
        if not opened:
            return await self._existing(command)
        if payment.attempt is None:
            return payment
        return await self._first_call(payment)

    async def _existing(self, command: AuthorizeOrder) -> Payment:
        existing = await self._payments.find_by_order(command.order_id)
        if existing is None:
            # Without a method this was only a question, and there is nothing to answer.
            raise MethodUnavailable("the order has no payment, and no method was given")
        if existing.closed_at is not None or not existing.unresolved:
            return existing
        return await self._settler.settle(existing)

    async def _first_call(self, payment: Payment) -> Payment:
        provider = self._methods.provider(payment.provider)
        state = await ask(provider.create(as_asked_for(payment)))
        failpoint("authorize.after_provider")
        now = self._clock.now()
        if state is None:
            payment.lose_answer()
        else:
            payment.learn(state, now)
        saved = await self._payments.save([payment], now)
        failpoint("authorize.after_record")
        if payment.id in saved:
            return payment
        # Somebody changed it while the provider worked: the order was closed, or asked about.
        payment = await self._settler.record(payment, state)
        return await self._settler.settle(payment) if payment.unwanted else payment

    def _new_payment(self, command: AuthorizeOrder, rules: RuleBook) -> Payment:
        now = self._clock.now()
        provider = self._methods.of_type(command.method_type).provider
        payment = Payment(
            id=new_id(),
            order_id=command.order_id,
            provider=provider.name if provider else command.method_type,
            amount_minor=command.amount_minor,
            currency=command.currency,
            splits=rules.freeze(command.splits),
            created_at=now,
            expires_at=command.expires_at,
        )
        if command.amount_minor == 0:
            payment.provider = NO_PROVIDER
        elif provider is not None:
            payment.attempt = Attempt(new_id(), command.token, command.phone, now, now)
        return payment

    def _answer(self, payment: Payment) -> Authorization:
        if payment.attempt is None:
            return Authorization("not_required", payment.id)
        if payment.status in _GONE or payment.goes_back:
            reason = payment.failure if payment.failure in _DECLINE_REASONS else "declined"
            return Authorization("declined", payment.id, decline_reason=reason)
        if payment.status == status.AUTHORIZED:
            return Authorization("authorized", payment.id)
        if payment.status != status.NONE:
            return Authorization("captured", payment.id)
        if payment.attempt.status != PENDING:
            return Authorization("unknown", payment.id)
        action = self._methods.provider(payment.provider).next_action_type
        return Authorization(
            "pending",
            payment.id,
            next_action_type=action,
            next_action_url=payment.attempt.action_url,
            expires_at=payment.expires_at,
        )
