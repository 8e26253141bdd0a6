"""Bringing a payment in line with what its provider knows and with what we want of it.

Whoever finds a payment with an open end comes here: an Authorize that is asked again, a
cancellation, a refund, the resolver after a crash. Everything is safe to repeat and to run twice at
once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID, uuid5

from chassis.clock import Clock
from chassis.errors import ServiceError
from chassis.failpoints import failpoint
from chassis.logs import get_logger
from payments.app.methods import Methods
from payments.app.ports import PaymentRepository
from payments.app.provider import Provider, ProviderAway, ProviderDispute, ProviderPayment
from payments.domain import status
from payments.domain.payment import LOST_AFTER, PENDING, Attempt, Payment, ProviderState
from payments.domain.refunds import REFUND_FAILED, SUCCEEDED, Refund

PROVIDER_TIMEOUT_S = 2.0
"""A checkout has to be answered within 5 s, whatever the provider does."""

T = TypeVar("T")
_log = get_logger(__name__)


async def ask(call: Awaitable[T]) -> T | None:
    """Return a provider's answer, or None when its effect stays unknown."""
    try:
        async with asyncio.timeout(PROVIDER_TIMEOUT_S):
            return await call
    except (TimeoutError, ProviderAway) as error:
        _log.warning("provider_silent", error=type(error).__name__)
    except ServiceError as error:
        if error.kind not in ("unavailable", "timeout"):
            raise
        _log.warning("provider_silent", error=error.code)
    return None


def as_asked_for(payment: Payment) -> ProviderPayment:
    """Return a payment's attempt as its provider is asked for it."""
    attempt = payment.attempt
    if attempt is None:
        raise AssertionError("a payment without an attempt has no provider")
    return ProviderPayment(
        attempt_id=attempt.id,
        payment_id=payment.id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        token=attempt.token,
        phone=attempt.phone,
        reference=attempt.reference,
        created_at=attempt.created_at,
    )


class Settler:
    """Settles what is open of a payment, as far as its provider answers."""

    def __init__(self, payments: PaymentRepository, methods: Methods, clock: Clock) -> None:
        self._payments = payments
        self._methods = methods
        self._clock = clock

    async def settle(self, payment: Payment) -> Payment:
        """Resolve an unknown outcome, give back what nobody may keep, finish pending refunds.

        Returns the payment as it is then; what stays open is looked after later.
        """
        if payment.attempt is None:
            return await self._settle_cash(payment)
        provider = self._methods.provider(payment.provider)
        state = None
        if payment.unresolved:
            payment, state = await self._resolve(provider, payment)
        return await self._follow_up(provider, payment, state)

    async def refresh(self, payment: Payment, reference: str = "") -> bool:
        """Ask the provider how a payment stands, and bring ours in line; tell if it answered.

        ``reference`` is the provider's id of it, from a source that we did not have it from yet.
        """
        attempt = payment.attempt
        if attempt is None:
            return True
        provider = self._methods.provider(payment.provider)
        asked = as_asked_for(payment)
        state = await ask(provider.find(replace(asked, reference=attempt.reference or reference)))
        if state is None:
            return False
        await self._follow_up(provider, await self.record(payment, state), state)
        return True

    async def disputes(self, payment: Payment) -> Sequence[ProviderDispute] | None:
        """Return what buyers disputed of a payment, None when the provider does not answer."""
        provider = self._methods.provider(payment.provider)
        return await ask(provider.disputes(as_asked_for(payment)))

    def refunds_in_parts(self, payment: Payment) -> bool:
        """Whether a payment's provider pays back less than all of it."""
        if payment.attempt is None:
            return True
        return self._methods.provider(payment.provider).capabilities.partial_refund

    async def record(self, payment: Payment, state: ProviderState | None) -> Payment:
        """Take in an answer (None: there was none) under the payment's lock."""
        ttl_s = self._methods.provider(payment.provider).capabilities.pending_ttl_s
        now = self._clock.now()

        def act(current: Payment) -> None:
            if state is None:
                current.lose_answer()
            else:
                current.learn(state, now, ttl_s)
                # Even news of nothing is saved: it sets when to look again.
                current.touched = True

        payment, _ = await self._payments.change(payment.id, act, now)
        return payment

    async def pay_refund(self, payment: Payment, refund: Refund, *, first: bool) -> Payment:
        """Have a pending refund paid; cash is handed back by whoever asks for its refund."""
        outcome: str | None = SUCCEEDED
        if payment.attempt is not None:
            outcome = await self._ask_for_refund(payment, refund, first=first)
        if outcome not in (SUCCEEDED, REFUND_FAILED):
            return payment

        def act(current: Payment) -> None:
            if outcome == SUCCEEDED:
                current.settle_refund(refund.id)
            else:
                current.fail_refund(refund.id)

        payment, _ = await self._payments.change(payment.id, act, self._clock.now())
        return payment

    async def _settle_cash(self, payment: Payment) -> Payment:
        if payment.must_refund_rest:
            payment = await self._refund_rest(payment)
        for refund in payment.pending_refunds:
            payment = await self.pay_refund(payment, refund, first=False)
        return payment

    async def _ask_for_refund(self, payment: Payment, refund: Refund, *, first: bool) -> str | None:
        """Return what became of a refund at the provider, None without an answer.

        After the first time (``first``) it is looked up before it is sent again, and not sent again
        to a provider that would pay twice.
        """
        provider = self._methods.provider(payment.provider)
        outcome: str | None = "not_found"
        if not first:
            outcome = await ask(provider.find_refund(as_asked_for(payment), refund.id))
        if outcome == "not_found":
            if first or provider.capabilities.idempotent_create:
                asked = provider.refund(as_asked_for(payment), refund.id, refund.amount_minor)
                outcome = await ask(asked)
            elif self._clock.now() - refund.created_at >= LOST_AFTER:
                outcome = REFUND_FAILED
        failpoint("refund.after_provider")
        return outcome

    async def _resolve(
        self, provider: Provider, payment: Payment
    ) -> tuple[Payment, ProviderState | None]:
        attempt = payment.attempt
        if attempt is None:
            return payment, None
        state = await ask(provider.find(as_asked_for(payment)))
        if state is None:
            return payment, None
        if state.status == PENDING == attempt.status and not self._outlived(provider, attempt):
            return payment, state
        now = self._clock.now()
        if (
            state.status == "not_found"
            and provider.capabilities.idempotent_create
            and payment.may_call(now)
        ):
            payment, sent = await self._payments.change(
                payment.id, lambda current: current.start_call(now), now
            )
            if not sent:
                return payment, None
            state = await ask(provider.create(as_asked_for(payment)))
        return await self.record(payment, state), state

    async def _follow_up(
        self, provider: Provider, payment: Payment, state: ProviderState | None
    ) -> Payment:
        payment = await self._give_back(provider, payment, state)
        for refund in payment.pending_refunds:
            payment = await self.pay_refund(payment, refund, first=False)
        return payment

    def _outlived(self, provider: Provider, attempt: Attempt) -> bool:
        age = self._clock.now() - attempt.created_at
        return age.total_seconds() > provider.capabilities.pending_ttl_s

    async def look_again(self, payment: Payment) -> Payment:
        """Settle a payment that nobody else looks after.

        An authorized one comes here when its capture was begun and its end was never recorded.
        """
        if payment.status == status.AUTHORIZED and not payment.unwanted and payment.attempt:
            provider = self._methods.provider(payment.provider)
            state = await ask(provider.find(as_asked_for(payment)))
            return payment if state is None else await self.record(payment, state)
        return await self.settle(payment)

    async def _give_back(
        self, provider: Provider, payment: Payment, state: ProviderState | None
    ) -> Payment:
        attempt = payment.attempt
        held = payment.status == status.AUTHORIZED or (
            # What awaits its buyer is withdrawn, where the provider lets us.
            state is not None and state.status in ("authorized", PENDING)
        )
        if payment.unwanted and held and attempt is not None and provider.capabilities.void:
            answer = await ask(provider.void(as_asked_for(payment)))
            failpoint("void.after_provider")
            if answer is not None:
                payment = await self.record(payment, answer)
        if payment.must_refund_rest:
            payment = await self._refund_rest(payment)
        return payment

    async def _refund_rest(self, payment: Payment) -> Payment:
        now = self._clock.now()

        def act(current: Payment) -> Refund | None:
            if not current.must_refund_rest:
                return None
            failed = sum(1 for refund in current.refunds if refund.is_cancellation)
            return current.refund_rest(_cancellation_id(current.id, failed), now)

        payment, refund = await self._payments.change(payment.id, act, now)
        if refund is None:
            return payment
        return await self.pay_refund(payment, refund, first=True)


def _cancellation_id(payment_id: UUID, number: int) -> UUID:
    """Return the id of a cancellation's refund, derived: two that start it at once start one."""
    return uuid5(payment_id, f"cancellation:{number}")
