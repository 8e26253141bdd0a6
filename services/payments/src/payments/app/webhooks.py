"""What the use cases need of webhooks: who verifies them, and where they wait until handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it came in; header names are in lower case."""

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a verified webhook tells: whom to ask about. Its word alone moves no money."""

    event_id: str
    """The provider's id of it; the same one again is a repetition."""
    kind: str
    attempt_id: UUID | None
    """Our id, where the provider tells it."""
    reference: str
    """The provider's id of the payment; may be empty."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the provider's adapter will want to know again; nothing personal."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that waits to be handled."""

    id: UUID
    provider: str
    event: ProviderEvent
    tries: int


class WebhookVerifier(Protocol):
    """Knows how one provider's webhooks look, and whether they are its own."""

    def verify(self, webhook: Webhook, now: datetime) -> ProviderEvent:
        """Return what a webhook tells.

        Raises SignatureInvalid, SignatureExpired (it is more than five minutes old) or
        WebhookMalformed.
        """
        ...


class ProviderEvents(Protocol):
    """The store of webhooks, each kept once by (provider, event id)."""

    async def add(self, provider: str, event: ProviderEvent, now: datetime) -> bool:
        """Store an event, due at once; False for one that is there already."""
        ...

    async def claim_due(self, now: datetime, limit: int) -> list[StoredEvent]:
        """Return events to handle and push their next try away, further each time."""
        ...

    async def handled(self, event_id: UUID, now: datetime) -> None:
        """Note that an event was acted on."""
        ...

    async def of_attempt(self, provider: str, attempt_id: UUID) -> Sequence[ProviderEvent]:
        """Return all events of an attempt, oldest first."""
        ...
