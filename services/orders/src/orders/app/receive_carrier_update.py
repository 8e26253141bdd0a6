"""Storing what a carrier tells, before anybody looks whose parcel it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.clock import Clock
from orders.app.ports import CarrierInbox, CarrierUpdate, Wake
from orders.domain.errors import InvalidSignature, WebhookAlreadyReceived
from orders.domain.webhook_signature import SignedBody, require_signed


@dataclass(frozen=True, slots=True)
class ReceiveCarrierUpdate:
    """An update, and the body that it was read from."""

    signed: SignedBody
    update: CarrierUpdate


class ReceiveCarrierUpdateHandler:
    """Verifies and stores; the worker applies it from the store."""

    def __init__(
        self, inbox: CarrierInbox, secrets: Mapping[str, str], clock: Clock, update_due: Wake
    ) -> None:
        self._inbox = inbox
        self._secrets = secrets
        self._clock = clock
        self._update_due = update_due

    async def __call__(self, command: ReceiveCarrierUpdate) -> None:
        """Store; raises InvalidSignature, WebhookExpired, WebhookAlreadyReceived."""
        secret = self._secrets.get(command.update.carrier.lower())
        if secret is None:
            raise InvalidSignature
        now = self._clock.now()
        require_signed(command.signed, secret, now)
        if not await self._inbox.store(command.update, now):
            raise WebhookAlreadyReceived
        self._update_due()
