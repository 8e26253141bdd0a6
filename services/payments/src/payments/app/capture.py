"""Capturing the authorized payments of orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis.batching import Batcher
from chassis.clock import Clock
from chassis.failpoints import failpoint
from payments.app.methods import Methods
from payments.app.ports import PaymentRepository
from payments.app.settle import Settler, as_asked_for, ask
from payments.domain import status
from payments.domain.payment import Payment, ProviderState

_CHECK_AFTER = timedelta(seconds=30)
_COMMANDS_AT_ONCE = 32
_BATCHES_AT_ONCE = 4
"""A provider that is slow to capture holds up its own batch only."""


@dataclass(frozen=True, slots=True)
class CaptureOrders:
    """Capture the payments of orders, each in full."""

    order_ids: tuple[UUID, ...]


class CaptureHandler:
    """Three statements for a batch of any size: intent, provider, record.

    Commands that meet are one batch too: each order's settling asks for its own capture.
    """

    def __init__(
        self, payments: PaymentRepository, methods: Methods, settler: Settler, clock: Clock
    ) -> None:
        self._payments = payments
        self._methods = methods
        self._settler = settler
        self._clock = clock
        self._commands: Batcher[CaptureOrders, dict[UUID, str]] = Batcher(
            self._handle_all, max_items=_COMMANDS_AT_ONCE, max_batches=_BATCHES_AT_ONCE
        )

    async def handle(self, command: CaptureOrders) -> dict[UUID, str]:
        """Return captured, failed (for good), not_required or unknown per order."""
        return await self._commands.submit(command)

    async def _handle_all(self, commands: Sequence[CaptureOrders]) -> list[dict[UUID, str]]:
        order_ids = tuple(dict.fromkeys(id_ for each in commands for id_ in each.order_ids))
        outcomes = await self._capture_all(order_ids)
        return [{id_: outcomes[id_] for id_ in each.order_ids} for each in commands]

    async def _capture_all(self, order_ids: Sequence[UUID]) -> dict[UUID, str]:
        payments = await self._payments.begin_captures(order_ids, self._clock.now() + _CHECK_AFTER)
        failpoint("capture.after_commit")
        ready: dict[str, list[Payment]] = {}
        outcomes = dict.fromkeys(order_ids, "failed")
        for payment in payments:
            if payment.status == status.AUTHORIZED and payment.closed_at is None:
                ready.setdefault(payment.provider, []).append(payment)
            else:
                outcomes[payment.order_id] = _outcome(payment)
        done = await asyncio.gather(*(self._capture(name, batch) for name, batch in ready.items()))
        for payment in (payment for batch in done for payment in batch):
            outcomes[payment.order_id] = _outcome(payment)
        return outcomes

    async def _capture(self, provider_name: str, batch: Sequence[Payment]) -> list[Payment]:
        provider = self._methods.provider(provider_name)
        asked = [as_asked_for(payment) for payment in batch]
        answers = await ask(provider.capture(asked))
        failpoint("capture.after_provider")
        if answers is None:
            return list(batch)
        now = self._clock.now()
        heard: list[tuple[Payment, ProviderState]] = []
        for payment in batch:
            answer = answers.get(payment.attempt.id) if payment.attempt else None
            if answer is not None and answer.status != "authorized":
                payment.learn(_for_good(answer), now)
                heard.append((payment, answer))
        saved = await self._payments.save([payment for payment, _ in heard], now)
        failpoint("capture.after_record")
        missed = [
            self._record(payment, answer) for payment, answer in heard if payment.id not in saved
        ]
        current = {payment.id: payment for payment in await asyncio.gather(*missed)}
        return [current.get(payment.id, payment) for payment in batch]

    async def _record(self, payment: Payment, answer: ProviderState) -> Payment:
        """Take in the answer for a payment that somebody changed while the provider worked."""
        return await self._settler.settle(await self._settler.record(payment, _for_good(answer)))


def _for_good(answer: ProviderState) -> ProviderState:
    """An authorization that cannot be captured any more has failed, whatever ended it."""
    if answer.status == "captured":
        return answer
    return ProviderState("failed", "capture_failed")


def _outcome(payment: Payment) -> str:
    if payment.closed_at is not None:
        return "failed"
    if payment.status in status.HOLDS_CAPTURED_MONEY:
        return "failed" if payment.late else "captured"
    if payment.attempt is None:
        return "not_required"
    return "unknown" if payment.status in (status.NONE, status.AUTHORIZED) else "failed"
