"""Peers that lose answers when they are told to, and other stand-ins."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from chassis.errors import unavailable
from orders.app.ports import StockMove
from orders.domain.checkout import Checkout
from orders.domain.order import Order
from orders.domain.outcomes import (
    UNKNOWN,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    Paid,
    PaymentPending,
    Refused,
    Reserved,
    ReserveOutcome,
)
from orders.domain.variant import Variant
from services.orders.tests.memory import Crash

T = TypeVar("T")
CLOSED: Final = Refused("conflict", "order_closed", "closed")


class Faults:
    """Says, call by call, what goes wrong: nothing, the way there, the way back, or all of us."""

    LOST = "lost"
    ANSWER_LOST = "answer lost"
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"

    def __init__(self) -> None:
        self._planned: dict[str, deque[str]] = defaultdict(deque)

    def plan(self, call: str, *faults: str) -> None:
        self._planned[call].extend(faults)

    def plan_nothing(self) -> None:
        self._planned.clear()

    def before(self, call: str) -> str:
        """Return what goes wrong this time; the way there may be all there is."""
        fault = self._planned[call].popleft() if self._planned[call] else ""
        if fault == self.CRASH_BEFORE:
            raise Crash
        return fault

    def after(self, fault: str) -> bool:
        """Tell whether the answer arrives."""
        if fault == self.CRASH_AFTER:
            raise Crash
        return fault != self.ANSWER_LOST


class FakeCatalog:
    """Variants and Inventory: real counting, holds, allocations and tombstones."""

    def __init__(self, *variants: Variant) -> None:
        self.variants = {variant.id: variant for variant in variants}
        self.held: dict[str, dict[str, int]] = {}
        self.allocated: dict[str, dict[str, int]] = {}
        self.until: dict[str, datetime] = {}
        """When what is held ends by itself."""
        self.closed: set[str] = set()
        self.reasons: list[str] = []
        self.shipped: dict[str, tuple[str, int]] = {}
        """Order and units of each parcel that left."""
        self.returned: set[str] = set()
        self.faults = Faults()
        self.calls: list[str] = []
        self.away = False

    def add(self, *variants: Variant) -> None:
        self.variants.update({variant.id: variant for variant in variants})

    def available(self, variant_id: str) -> int:
        taken = [*self.held.values(), *self.allocated.values()]
        return self.variants[variant_id].available - sum(
            lines.get(variant_id, 0) for lines in taken
        )

    async def find(self, variant_ids: Sequence[str]) -> Mapping[str, Variant]:
        await asyncio.sleep(0)
        if self.away:
            raise unavailable("catalog")
        return {
            variant_id: replace(self.variants[variant_id], available=self.available(variant_id))
            for variant_id in variant_ids
            if variant_id in self.variants
        }

    def expire(self, now: datetime) -> None:
        """Give back what is held beyond its time, as catalog's own job does."""
        for order_id in [each for each in self.held if self.until[each] < now]:
            del self.held[order_id]

    async def reserve(self, order: Order, until: datetime, timeout_s: float) -> ReserveOutcome:
        outcome = await self._call("reserve", lambda: self._reserve(order, until))
        return outcome if outcome is not None else UNKNOWN

    async def commit(self, order_ids: Sequence[str]) -> frozenset[str] | None:
        return await self._call("commit", lambda: self._commit(order_ids))

    async def release(self, order_id: str, reason: str, timeout_s: float) -> bool:
        def release() -> bool:
            self.reasons.append(reason)
            self.closed.add(order_id)
            self.held.pop(order_id, None)
            self.allocated.pop(order_id, None)
            return True

        return bool(await self._call("release", release))

    async def move(self, move: StockMove) -> bool:
        def ship() -> bool:
            if move.order_id not in self.allocated and move.order_id not in self.closed:
                return False
            self.shipped[move.shipment_id] = move.order_id, sum(move.units.values())
            return True

        def take_back() -> bool:
            assert move.shipment_id in self.shipped
            self.returned.add(move.shipment_id)
            return True

        if move.step == "shipping":
            return bool(await self._call("ship", ship))
        return bool(await self._call("take_back", take_back))

    async def _call(self, name: str, do: Callable[[], T]) -> T | None:
        self.calls.append(name)
        fault = self.faults.before(name)
        await asyncio.sleep(0)
        if self.away or fault == Faults.LOST:
            return None
        result = do()
        return result if self.faults.after(fault) else None

    def _reserve(self, order: Order, until: datetime) -> ReserveOutcome:
        if order.id in self.closed:
            return CLOSED
        if order.id in self.held or order.id in self.allocated:
            self.until[order.id] = max(self.until[order.id], until)
            return Reserved()
        wanted: dict[str, int] = defaultdict(int)
        for line in order.lines:
            variant = self.variants[line.variant_id]
            if not variant.for_sale:
                return Refused("conflict", "not_for_sale", "", {"lines": []})
            if variant.prices[order.currency] != line.unit_price_minor:
                return Refused("conflict", "price_changed", "", {"lines": []})
            wanted[line.variant_id] += line.quantity
        short = [
            {"variant_id": v, "requested": n, "available": self.available(v)}
            for v, n in wanted.items()
            if n > self.available(v)
        ]
        if short:
            return Refused("conflict", "out_of_stock", "", {"lines": short})
        self.held[order.id] = dict(wanted)
        self.until[order.id] = until
        return Reserved()

    def _commit(self, order_ids: Sequence[str]) -> frozenset[str]:
        for order_id in order_ids:
            if order_id in self.held:
                self.allocated[order_id] = self.held.pop(order_id)
        return frozenset(order_ids) - self.allocated.keys()


class FakePayments:
    """Payments: one payment per order, the sandbox's tokens, tombstones."""

    def __init__(self) -> None:
        self.status: dict[str, str] = {}
        self.closed: set[str] = set()
        self.reasons: list[str] = []
        self.charges: dict[str, int] = defaultdict(int)
        self.in_parts = True
        self.refunds: dict[str, dict[str, int]] = {}
        """Units by line, of each cancellation."""
        self.faults = Faults()
        self.calls: list[str] = []
        self.away = False
        self.slow: asyncio.Event | None = None
        """What answers wait for."""

    async def authorize(self, checkout: Checkout, timeout_s: float) -> AuthorizeOutcome:
        outcome = await self._call("authorize", lambda: self._authorize(checkout))
        return outcome if outcome is not None else UNKNOWN

    async def capture(self, order_ids: Sequence[str]) -> Mapping[str, CaptureOutcome]:
        return await self._call("capture", lambda: self._capture(order_ids)) or {}

    async def cancel(self, order_id: str, reason: str, timeout_s: float) -> bool:
        def cancel() -> bool:
            self.reasons.append(reason)
            self.closed.add(order_id)
            status = self.status.get(order_id, "none")
            after = {"authorized": "voided", "captured": "refunded", "pending": "voided"}
            self.status[order_id] = after.get(status, status)
            return True

        return bool(await self._call("cancel", cancel))

    async def refunds_in_parts(self, order_id: str) -> bool:
        return self.in_parts

    async def refund(self, move: StockMove) -> bool:
        def refund() -> bool:
            self.refunds[move.shipment_id] = dict(move.units)
            return True

        return bool(await self._call("refund", refund))

    def decide(self, order_id: str, status: str) -> None:
        """The buyer acts on a pending payment."""
        self.status[order_id] = status

    async def _call(self, name: str, do: Callable[[], T]) -> T | None:
        self.calls.append(name)
        fault = self.faults.before(name)
        await (self.slow.wait() if self.slow else asyncio.sleep(0))
        if self.away or fault == Faults.LOST:
            return None
        result = do()
        return result if self.faults.after(fault) else None

    def _authorize(self, checkout: Checkout) -> AuthorizeOutcome:
        order, method = checkout.order, checkout.saga.method
        if order.id in self.closed:
            return CLOSED
        token = method.token if method else ""
        if order.id not in self.status:
            self.charges[order.id] += 1
            self.status[order.id] = {
                "tok_declined": "declined",
                "tok_async": "pending",
                "cash": "none",
            }.get(token, "authorized")
        payment_id = "pay" + order.id[3:]
        match self.status[order.id]:
            case "declined" | "voided" | "failed":
                return Declined("declined", payment_id)
            case "pending":
                return PaymentPending(payment_id, "sandbox", "", None)
            case "authorized":
                return Paid("authorized", payment_id)
            case "none":
                return Paid("none", payment_id)
            case _:
                return Paid("captured", payment_id)

    def _capture(self, order_ids: Sequence[str]) -> Mapping[str, CaptureOutcome]:
        outcomes: dict[str, CaptureOutcome] = {}
        for order_id in order_ids:
            status = self.status.get(order_id, "none")
            if order_id in self.closed or status == "failed":
                outcomes[order_id] = "failed"
            elif status == "none":
                outcomes[order_id] = "not_required"
            else:
                self.status[order_id] = "captured"
                outcomes[order_id] = "captured"
        return outcomes


class FakeAccounts:
    """Accounts and Sellers."""

    def __init__(self, **emails: str) -> None:
        self.emails = emails
        self.roles: dict[tuple[str, str], str] = {}

    async def email_of(self, account_id: str) -> str:
        return self.emails.get(account_id, "")

    async def resolve(self, id_or_slug: str) -> str:
        return id_or_slug

    async def role_of(self, seller_id: str, account_id: str) -> str:
        return self.roles.get((seller_id, account_id), "")


class ListQueue:
    """A settle queue that a test empties itself."""

    def __init__(self) -> None:
        self.checkouts: list[Checkout] = []

    def put(self, checkout: Checkout) -> None:
        self.checkouts.append(checkout)


async def all_of(*calls: Awaitable[object]) -> list[object]:
    """Run calls at once and return their results, errors included."""
    return list(await asyncio.gather(*calls, return_exceptions=True))
