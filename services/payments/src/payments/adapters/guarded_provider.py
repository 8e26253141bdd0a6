"""What every provider needs around its calls: bounded retries and a circuit breaker.

How long an answer may take is the caller's business (payments.app.settle.ask): it knows who waits.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from payments.adapters.circuit_breaker import CircuitBreaker
from payments.app.provider import (
    Capabilities,
    Movement,
    Provider,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.domain.payment import ProviderState

T = TypeVar("T")
_TRIES = 2
_PAUSE_S = 0.1


class _NotAsked(ProviderAway):
    """The circuit is open; nothing was sent."""


class GuardedProvider:
    """A provider that is asked twice at most, and not at all while it keeps failing.

    What may be repeated is: questions always, the rest where the provider knows our ids again.
    """

    def __init__(self, provider: Provider, breaker: CircuitBreaker | None = None) -> None:
        self._provider = provider
        self._breaker = breaker or CircuitBreaker()
        self._tries_of_effects = _TRIES if provider.capabilities.idempotent_create else 1

    @property
    def name(self) -> str:
        """The name in payments and ledger accounts."""
        return self._provider.name

    @property
    def next_action_type(self) -> str:
        """What a buyer must do about a pending payment."""
        return self._provider.next_action_type

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        return self._provider.capabilities

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for details that the provider cannot know."""
        self._provider.check_method(token, phone)

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Authorize an amount.

        What an open circuit kept from being sent has no effect that anybody would have to wait
        for: with a provider that is never sent anything twice it has failed.
        """
        try:
            return await self._effect(lambda: self._provider.create(payment))
        except _NotAsked:
            if self._tries_of_effects > 1:
                raise
            return ProviderState("failed", "provider_unavailable")

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Return what the provider knows of an attempt."""
        return await self._question(lambda: self._provider.find(payment))

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Capture authorizations in full."""
        return await self._effect(lambda: self._provider.capture(payments))

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Give an authorization back."""
        return await self._effect(lambda: self._provider.void(payment))

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Pay back."""
        return await self._effect(lambda: self._provider.refund(payment, refund_id, amount_minor))

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return succeeded, pending, failed or not_found."""
        return await self._question(lambda: self._provider.find_refund(payment, refund_id))

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return what buyers disputed of a payment."""
        return await self._question(lambda: self._provider.disputes(payment))

    def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Give the provider's log of a period; nobody waits for it, so it is not guarded."""
        return self._provider.report(since, until)

    async def _question(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._tried(call, _TRIES)

    async def _effect(self, call: Callable[[], Awaitable[T]]) -> T:
        return await self._tried(call, self._tries_of_effects)

    async def _tried(self, call: Callable[[], Awaitable[T]], tries: int) -> T:
        for last in (*[False] * (tries - 1), True):
            if not self._breaker.lets_through():
                raise _NotAsked("it keeps failing")
            try:
                answer = await call()
            except (ProviderAway, asyncio.CancelledError) as error:
                # Cancelled is what the caller's patience looks like from here.
                self._breaker.failed()
                if last or not isinstance(error, ProviderAway):
                    raise
            else:
                self._breaker.succeeded()
                return answer
            await asyncio.sleep(_PAUSE_S * (0.5 + random.random()))  # noqa: S311 - no secret
        raise AssertionError("the last try raises or returns")
