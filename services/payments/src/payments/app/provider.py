"""What the use cases need of those who move money; each provider's adapter stands behind this."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from payments.domain.payment import ProviderState


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; the use cases never ask for more."""

    separate_capture: bool
    """Authorizes first and captures when told; otherwise success means captured."""
    idempotent_create: bool
    """The same attempt may be sent again; otherwise it is only looked up after a lost answer."""
    void: bool
    """Gives an authorization back; otherwise it is captured nothing of and runs out."""
    partial_refund: bool
    """Pays back less than all of it; otherwise a refund is of the whole amount."""
    multi_capture: bool
    authorization_ttl_s: float | None
    """How long an authorization can be captured; None for as long as one likes."""
    pending_ttl_s: float
    """How long a payment that awaits its buyer may still succeed."""
    amount_step: int
    """Amounts are multiples of this many minor units."""


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """A payment as the provider is asked for it; ``attempt_id`` is its key there."""

    attempt_id: UUID
    payment_id: UUID
    amount_minor: int
    currency: str
    token: str
    phone: str
    reference: str
    """The provider's own id of it, as far as we heard of it."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderDispute:
    """A buyer's dispute as the provider knows it; amounts in minor units of the payment."""

    id: str
    """The provider's id of it."""
    status: str
    """open, won (the money is ours again) or lost."""
    amount_minor: int
    fee_minor: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the provider's own log: what it did with money, by its own account."""

    id: str
    """The provider's id of the line."""
    kind: str
    """authorization, void, capture, refund or dispute (what a buyer's bank took back)."""
    attempt_id: UUID | None
    """Our id that it carries; None for what did not start with us."""
    refund_id: UUID | None
    amount_minor: int
    fee_minor: int
    """What the provider keeps for it."""
    currency: str
    at: datetime


class ProviderAway(Exception):  # noqa: N818 - a fact, as all errors here
    """The provider failed or refused to talk: the call may have had its effect."""


class NoReport(ProviderAway):
    """The provider shows nobody its log."""


class Provider(Protocol):
    """Somebody who moves money for us.

    Every call may raise ProviderAway or time out; both mean that its effect is unknown. Amounts are
    in minor units.
    """

    @property
    def name(self) -> str:
        """The name in payments and ledger accounts."""
        ...

    @property
    def next_action_type(self) -> str:
        """What a buyer must do about a pending payment: sandbox, redirect or stk_push."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        ...

    def check_method(self, token: str, phone: str) -> None:
        """Raise PaymentTokenInvalid for details that the provider cannot know."""
        ...

    async def create(self, payment: ProviderPayment) -> ProviderState:
        """Authorize an amount; repeated for an attempt, answer what became of it."""
        ...

    async def find(self, payment: ProviderPayment) -> ProviderState:
        """Return what the provider knows of an attempt, ``not_found`` if nothing."""
        ...

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        """Capture authorizations in full; answer how each stands then, by its attempt's id."""
        ...

    async def void(self, payment: ProviderPayment) -> ProviderState:
        """Give an authorization back, or withdraw what awaits its buyer; answer how it stands."""
        ...

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        """Pay back; idempotent by refund id if create is. Answer succeeded, pending or failed."""
        ...

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        """Return succeeded, pending, failed or not_found."""
        ...

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        """Return what buyers disputed of a captured payment, oldest first."""
        ...

    def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        """Give the provider's log of a period, page by page; the order is the provider's.

        ``since`` is included, ``until`` is not. Raises NoReport, and ProviderAway in the middle.
        """
        ...
