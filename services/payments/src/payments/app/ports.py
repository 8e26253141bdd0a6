"""What the use cases need of the world; adapters stand behind these."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from payments.app.provider import ProviderPayment
from payments.domain.commission import CommissionRule
from payments.domain.payment import Payment
from payments.domain.payout import Payout
from payments.domain.settlement import Settlement

T = TypeVar("T")


class SandboxBuyer(Protocol):
    """The buyer of the sandbox, who decides on payments that await him."""

    async def decide(self, payment: ProviderPayment, *, succeed: bool) -> None:
        """Let an awaiting payment succeed or fail; the same again is fine.

        Raises PaymentDecided when it went the other way.
        """
        ...


class PaymentRepository(Protocol):
    """The payments, one per order at most.

    ``version`` guards every write. A payment's attempt, refunds, ledger postings and events are
    saved in the same transaction as itself.
    """

    async def open(self, payment: Payment) -> bool:
        """Insert a new payment with its attempt; False when the order has one (or is closed)."""
        ...

    async def get(self, payment_id: UUID) -> Payment | None:
        """Return a payment with its attempt and refunds."""
        ...

    async def find_by_order(self, order_id: UUID) -> Payment | None:
        """Return an order's payment, or the tombstone of one."""
        ...

    async def find_by_attempt(self, attempt_id: UUID) -> Payment | None:
        """Return the payment of an attempt."""
        ...

    async def find_by_reference(self, provider: str, reference: str) -> Payment | None:
        """Return the payment that a provider calls so."""
        ...

    async def save(self, payments: Sequence[Payment], now: datetime) -> set[UUID]:
        """Save changed payments; return the ids of those that nobody else changed meanwhile.

        The others are left as they are.
        """
        ...

    async def change(
        self,
        payment_id: UUID,
        act: Callable[[Payment], T],
        now: datetime,
        sellers: Collection[str] | None = None,
    ) -> tuple[Payment, T]:
        """Change a payment under its row lock: load, act, save, commit.

        Raises ServiceError ``not_found``, also for one that none of ``sellers`` has a part in.
        ``act`` is not a coroutine, so that no remote call can happen while the lock is held.
        """
        ...

    async def begin_captures(self, order_ids: Sequence[UUID], check_at: datetime) -> list[Payment]:
        """Note that open authorized payments are about to be captured; return all payments.

        One that never hears of the end is looked after at ``check_at``.
        """
        ...

    async def close(self, order_id: UUID, reason: str, now: datetime) -> Payment:
        """Close an order for payment for good, leaving a tombstone where there is no payment."""
        ...

    async def claim_due(self, now: datetime, limit: int) -> list[UUID]:
        """Return payments to look after and push their next check away, further each time."""
        ...


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A seller order that was delivered, as it is stored."""

    seller_order_id: str
    order_id: UUID
    delivered_at: datetime
    release_at: datetime
    """When its seller may have the money."""


class Deliveries(Protocol):
    """Seller orders that were delivered, each once."""

    async def record(self, deliveries: Sequence[NewDelivery]) -> None:
        """Store deliveries that are not known yet, and have their payments looked after."""
        ...


class CommissionRules(Protocol):
    """The rules that operators set."""

    async def all(self) -> list[CommissionRule]:
        """Return every rule, by seller and category."""
        ...

    async def put(self, rule: CommissionRule, now: datetime) -> CommissionRule:
        """Store a rule, in the place of the one of its seller and category."""
        ...

    async def remove(self, rule_id: UUID) -> bool:
        """Remove a rule; False when there is none of that id."""
        ...


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """A ledger account; the balance is debits minus credits in minor units."""

    id: UUID
    kind: str
    owner: str
    currency: str
    balance_minor: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One side of a ledger transaction; a debit is positive."""

    id: UUID
    transaction_id: UUID
    event: str
    account_id: UUID
    account_kind: str
    account_owner: str
    amount_minor: int
    currency: str
    order_id: UUID | None
    created_at: datetime


class LedgerReader(Protocol):
    """Reads the ledger; nobody writes it but a payment that is saved."""

    async def accounts(self, after: UUID | None, limit: int) -> list[AccountBalance]:
        """Return accounts by id."""
        ...

    async def entries(
        self,
        order_id: UUID | None,
        account_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> list[LedgerEntry]:
        """Return entries, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class SellerBalance:
    """What a seller has in one currency, in minor units."""

    currency: str
    pending_minor: int = 0
    available_minor: int = 0
    reserved_minor: int = 0
    in_transit_minor: int = 0


class Payouts(Protocol):
    """Payouts with what they do to the ledger."""

    async def balances(self, seller_id: str) -> list[SellerBalance]:
        """Return what a seller has, by currency."""
        ...

    async def request(
        self,
        payout_id: UUID,
        seller_id: str,
        amount_minor: int | None,
        currency: str,
        now: datetime,
    ) -> Payout:
        """Take an amount (None: all) out of what is available; the same id again is the same one.

        Raises PayoutExceedsAvailable. Requests of a seller come one after another.
        """
        ...

    async def end(self, payout_id: UUID, status: str, failure: str, now: datetime) -> Payout:
        """Note that a payout was paid or has failed; one that ended stays as it is."""
        ...

    async def claim_due(self, now: datetime, limit: int) -> list[Payout]:
        """Return payouts to look after and push their next check away, further each time."""
        ...

    async def page(self, seller_id: str, before: UUID | None, limit: int) -> list[Payout]:
        """Return a seller's payouts, newest first."""
        ...


class PayoutChannel(Protocol):
    """Somebody who pays sellers."""

    async def send(self, payout: Payout) -> tuple[str, str]:
        """Pay, idempotent by the payout's id; answer paid, failed or pending, and why it failed.

        May raise ProviderAway or time out; both mean that its effect is unknown.
        """
        ...


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller as identity knows it."""

    id: str
    currency: str
    """What it settles in."""


class Memberships(Protocol):
    """Who works for which seller, at this moment."""

    async def sellers_of(
        self, account_id: str, seller_ids: Collection[str], roles: Collection[str]
    ) -> set[str]:
        """Return those of the sellers where the account has one of the roles now."""
        ...

    async def seller(self, id_or_slug: str) -> Seller:
        """Return a seller; raises ServiceError ``not_found``."""
        ...


class Settlements(Protocol):
    """What providers paid out."""

    async def record(self, settlement: Settlement, now: datetime) -> Settlement:
        """Post a settlement; return the one that stands under its provider and reference."""
        ...
