"""Taking in a provider's webhook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.errors import not_found
from payments.app.webhooks import ProviderEvents, Webhook, WebhookVerifier


@dataclass(frozen=True, slots=True)
class ReceiveWebhook:
    """Store what a provider tells, if it is the provider that tells it."""

    provider: str
    webhook: Webhook


class ReceiveWebhookHandler:
    """Verifies and stores, no more: the provider gets its answer before anything is acted on."""

    def __init__(
        self,
        verifiers: Mapping[str, WebhookVerifier],
        events: ProviderEvents,
        clock: Clock,
        nudge: Callable[[], None],
    ) -> None:
        self._verifiers = verifiers
        self._events = events
        self._clock = clock
        self._nudge = nudge

    async def handle(self, command: ReceiveWebhook) -> None:
        """Store the webhook once.

        Raises not_found for a provider that sends none, and what WebhookVerifier.verify raises.
        """
        verifier = self._verifiers.get(command.provider)
        if verifier is None:
            raise not_found()
        now = self._clock.now()
        event = verifier.verify(command.webhook, now)
        if await self._events.add(command.provider, event, now):
            self._nudge()
