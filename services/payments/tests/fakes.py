"""Hand-written stand-ins for what the use cases need."""

import copy
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from chassis.errors import not_found
from chassis.ids import new_id
from payments.app.ports import NewDelivery, Seller
from payments.app.provider import (
    Capabilities,
    Movement,
    ProviderAway,
    ProviderDispute,
    ProviderPayment,
)
from payments.app.webhooks import ProviderEvent, StoredEvent
from payments.domain.commission import CommissionRule
from payments.domain.deliveries import Delivery
from payments.domain.events import Event
from payments.domain.ledger import Posting
from payments.domain.payment import Payment, ProviderState
from payments.domain.postings import CASH

T = TypeVar("T")


class MemoryPayments:
    """A payment repository that keeps its promises in memory."""

    def __init__(self) -> None:
        self._payments: dict[UUID, Payment] = {}
        self._checks: dict[UUID, datetime | None] = {}
        self._reasons: dict[UUID, str] = {}
        self.events: list[tuple[UUID, Event]] = []
        self.postings: list[Posting] = []

    async def open(self, payment: Payment) -> bool:
        if any(each.order_id == payment.order_id for each in self._payments.values()):
            return False
        self._payments[payment.id] = copy.deepcopy(payment)
        self._checks[payment.id] = payment.next_check_at(payment.created_at)
        return True

    async def get(self, payment_id: UUID) -> Payment | None:
        return copy.deepcopy(self._payments.get(payment_id))

    async def find_by_order(self, order_id: UUID) -> Payment | None:
        for payment in self._payments.values():
            if payment.order_id == order_id:
                return copy.deepcopy(payment)
        return None

    async def find_by_attempt(self, attempt_id: UUID) -> Payment | None:
        return self._first(lambda each: each.attempt and each.attempt.id == attempt_id)

    async def find_by_reference(self, provider: str, reference: str) -> Payment | None:
        return self._first(
            lambda each: (
                each.provider == provider and each.attempt and each.attempt.reference == reference
            )
        )

    def _first(self, matches: Callable[[Payment], object]) -> Payment | None:
        return copy.deepcopy(next(filter(matches, self._payments.values()), None))

    async def save(self, payments: Sequence[Payment], now: datetime) -> set[UUID]:
        saved = set()
        for payment in payments:
            if self._payments[payment.id].version == payment.version:
                self._keep(payment, now)
                saved.add(payment.id)
        return saved

    async def change(
        self,
        payment_id: UUID,
        act: Callable[[Payment], T],
        now: datetime,
        sellers: Collection[str] | None = None,
    ) -> tuple[Payment, T]:
        payment = await self.get(payment_id)
        if payment is None:
            raise not_found()
        if sellers is not None and not any(each.seller_id in sellers for each in payment.splits):
            raise not_found()
        result = act(payment)
        if payment.touched:
            self._keep(payment, now)
        return payment, result

    async def begin_captures(self, order_ids: Sequence[UUID], check_at: datetime) -> list[Payment]:
        found = [p for p in self._payments.values() if p.order_id in order_ids]
        for payment in found:
            if payment.status == "authorized" and payment.closed_at is None:
                self._checks[payment.id] = check_at
        return copy.deepcopy(found)

    async def close(self, order_id: UUID, reason: str, now: datetime) -> Payment:
        payment = await self.find_by_order(order_id)
        if payment is None:
            payment = Payment(new_id(), order_id, "", 0, "", (), now, closed_at=now)
            self._payments[payment.id] = copy.deepcopy(payment)
            self._checks[payment.id] = None
        elif payment.closed_at is None:
            payment.closed_at = now
            payment.version += 1
            self._payments[payment.id] = copy.deepcopy(payment)
            open_end = payment.status in ("none", "authorized", "captured", "partially_refunded")
            check_at = now + timedelta(seconds=1) if open_end and payment.attempt else None
            self._checks[payment.id] = check_at
        return payment

    async def claim_due(self, now: datetime, limit: int) -> list[UUID]:
        due = [id_ for id_, at in self._checks.items() if at is not None and at <= now][:limit]
        for payment_id in due:
            payment = self._payments[payment_id]
            self._checks[payment_id] = now + timedelta(seconds=5 * 2 ** min(payment.checks, 6))
            payment.checks += 1
        return due

    async def record(self, deliveries: Sequence[NewDelivery]) -> None:
        for new in deliveries:
            for payment in self._payments.values():
                known = {each.seller_order_id for each in payment.deliveries}
                if payment.order_id != new.order_id or new.seller_order_id in known:
                    continue
                delivery = Delivery(new.seller_order_id, new.delivered_at, new.release_at)
                payment.deliveries.append(delivery)
                payment.version += 1
                due = new.delivered_at if payment.provider == CASH else new.release_at
                self._checks[payment.id] = min(self._checks[payment.id] or due, due)

    def _keep(self, payment: Payment, now: datetime) -> None:
        self.events += [(payment.order_id, event) for event in payment.events]
        self.postings += payment.postings
        self._checks[payment.id] = payment.next_check_at(now)
        payment.saved()
        self._payments[payment.id] = copy.deepcopy(payment)

    @property
    def balances(self) -> Mapping[str, int]:
        """Balance per account kind."""
        sums: Counter[str] = Counter()
        for posting in self.postings:
            for account, amount_minor in posting.entries:
                sums[account.kind] += amount_minor
        return {kind: amount for kind, amount in sums.items() if amount}


@dataclass
class MemoryEvents:
    """The store of webhooks in memory."""

    stored: dict[tuple[str, str], StoredEvent] = field(default_factory=dict)
    due: dict[UUID, datetime] = field(default_factory=dict)

    async def add(self, provider: str, event: ProviderEvent, now: datetime) -> bool:
        if (provider, event.event_id) in self.stored:
            return False
        stored = StoredEvent(new_id(), provider, event, 0)
        self.stored[provider, event.event_id] = stored
        self.due[stored.id] = now
        return True

    async def claim_due(self, now: datetime, limit: int) -> list[StoredEvent]:
        claimed = []
        for key, stored in self.stored.items():
            if self.due.get(stored.id, now + timedelta(1)) <= now and len(claimed) < limit:
                self.due[stored.id] = now + timedelta(seconds=5 * 2 ** min(stored.tries, 10))
                self.stored[key] = replace(stored, tries=stored.tries + 1)
                claimed.append(self.stored[key])
        return claimed

    async def handled(self, event_id: UUID, now: datetime) -> None:
        self.due.pop(event_id, None)

    async def of_attempt(self, provider: str, attempt_id: UUID) -> Sequence[ProviderEvent]:
        return [
            stored.event
            for (name, _), stored in self.stored.items()
            if name == provider and stored.event.attempt_id == attempt_id
        ]


class MemoryRules:
    """Commission rules in memory."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], CommissionRule] = {}

    async def all(self) -> list[CommissionRule]:
        return [self._rules[key] for key in sorted(self._rules)]

    async def put(self, rule: CommissionRule, now: datetime) -> CommissionRule:
        known = self._rules.get((rule.seller_id, rule.category_id))
        stored = replace(rule, id=known.id) if known else rule
        self._rules[rule.seller_id, rule.category_id] = stored
        return stored

    async def remove(self, rule_id: UUID) -> bool:
        left = {key: rule for key, rule in self._rules.items() if rule.id != rule_id}
        removed = len(left) < len(self._rules)
        self._rules = left
        return removed


CAPABLE = Capabilities(
    separate_capture=True,
    idempotent_create=True,
    void=True,
    partial_refund=True,
    multi_capture=False,
    authorization_ttl_s=None,
    pending_ttl_s=3600,
    amount_step=1,
)


@dataclass
class ScriptedProvider:
    """A provider that does what a test tells it; it remembers what it really did."""

    name: str = "sandbox"
    next_action_type: str = "sandbox"
    capabilities: Capabilities = CAPABLE
    state: dict[UUID, ProviderState] = field(default_factory=dict)
    refunds: dict[UUID, str] = field(default_factory=dict)
    paid_back: Counter[UUID] = field(default_factory=Counter)
    disputed: list[ProviderDispute] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    away: set[str] = field(default_factory=set)
    """Calls that have their effect, but whose answers are lost."""
    refused: set[str] = field(default_factory=set)
    """Calls that fail without an effect."""
    outcome: str = "authorized"
    refund_outcome: str = "succeeded"
    before_answer: Callable[[str], object] | None = None

    def check_method(self, token: str, phone: str) -> None:
        return

    async def create(self, payment: ProviderPayment) -> ProviderState:
        self._begin("create")
        state = self.state.setdefault(payment.attempt_id, ProviderState(self.outcome))
        return await self._answer("create", state)

    async def find(self, payment: ProviderPayment) -> ProviderState:
        self._begin("find")
        found = self.state.get(payment.attempt_id, ProviderState("not_found"))
        return await self._answer("find", found)

    async def capture(self, payments: Sequence[ProviderPayment]) -> Mapping[UUID, ProviderState]:
        self._begin("capture")
        attempt_ids = [payment.attempt_id for payment in payments]
        for attempt_id in attempt_ids:
            self._advance(attempt_id, "captured")
        return await self._answer("capture", {id_: self.state[id_] for id_ in attempt_ids})

    async def void(self, payment: ProviderPayment) -> ProviderState:
        self._begin("void")
        self._advance(payment.attempt_id, "voided")
        found = self.state.get(payment.attempt_id, ProviderState("not_found"))
        return await self._answer("void", found)

    async def refund(self, payment: ProviderPayment, refund_id: UUID, amount_minor: int) -> str:
        self._begin("refund")
        if refund_id not in self.refunds:
            self.refunds[refund_id] = self.refund_outcome
            if self.refund_outcome == "succeeded":
                self.paid_back[payment.attempt_id] += amount_minor
        return await self._answer("refund", self.refunds[refund_id])

    async def disputes(self, payment: ProviderPayment) -> Sequence[ProviderDispute]:
        self._begin("disputes")
        return await self._answer("disputes", self.disputed)

    async def report(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Movement]]:
        self._begin("report")
        yield [each for each in self.movements if since <= each.at < until]

    async def find_refund(self, payment: ProviderPayment, refund_id: UUID) -> str:
        self._begin("find_refund")
        return await self._answer("find_refund", self.refunds.get(refund_id, "not_found"))

    def _advance(self, attempt_id: UUID, status: str) -> None:
        if self.state.get(attempt_id) == ProviderState("authorized"):
            self.state[attempt_id] = ProviderState(status)

    def _begin(self, call: str) -> None:
        self.calls[call] += 1
        if call in self.refused:
            raise ProviderAway(call)

    async def _answer(self, call: str, answer: T) -> T:
        if self.before_answer is not None:
            result = self.before_answer(call)
            if hasattr(result, "__await__"):
                await result
        if call in self.away:
            raise ProviderAway(call)
        return answer


@dataclass
class FixedMemberships:
    """Who works where, as a test says."""

    roles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    async def sellers_of(
        self, account_id: str, seller_ids: Collection[str], roles: Collection[str]
    ) -> set[str]:
        return {each for each in seller_ids if self.roles.get((account_id, each)) in roles}

    async def seller(self, id_or_slug: str) -> Seller:
        if not id_or_slug.startswith("sel_"):
            raise not_found()
        return Seller(id_or_slug, "KES")
