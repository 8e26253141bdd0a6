"""Hand-written stand-ins: stores in memory, and peers that lose answers when they are told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from chassis.errors import unavailable
from orders.app.ports import Key, Placed, StockMove, StoredAnswer, UsedKey
from orders.domain.cart import CHECKED_OUT, MERGED, OPEN, Cart, CartItem
from orders.domain.checkout import Checkout, Transition
from orders.domain.order import Order
from orders.domain.outcomes import (
    UNKNOWN,
    AuthorizeOutcome,
    CaptureOutcome,
    Declined,
    Paid,
    PaymentNews,
    PaymentPending,
    Refused,
    Reserved,
    ReserveOutcome,
)
from orders.domain.saga import DONE, SETTLING
from orders.domain.variant import Variant

T = TypeVar("T")


class Crash(BaseException):
    """The process dies here: nothing after this point happens."""


@dataclass
class Memory:
    """What the database holds."""

    carts: dict[str, Cart] = field(default_factory=dict)
    merged: dict[str, tuple[str, str]] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    checkouts: dict[str, Checkout] = field(default_factory=dict)
    keys: dict[tuple[str, str], UsedKey] = field(default_factory=dict)
    answers: dict[tuple[str, str], bytes] = field(default_factory=dict)
    events: list[tuple[str, Order]] = field(default_factory=list)
    clock: int = 0

    def touch(self, cart_id: str) -> None:
        self.clock += 1
        self.touched[cart_id] = self.clock


class MemoryCarts:
    """CartStore in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def create(self, cart: Cart, now: datetime) -> bool:
        if cart.id in self._memory.carts:
            return False
        self._put(cart)
        return True

    async def load(self, cart_id: str) -> Cart | None:
        await asyncio.sleep(0)
        cart = self._memory.carts.get(cart_id)
        return cart if cart and cart.status != MERGED else None

    async def load_for_checkout(self, cart_id: str, key: Key) -> tuple[Cart, UsedKey | None] | None:
        cart = await self.load(cart_id)
        return (cart, self._memory.keys.get((key.scope, key.key))) if cart else None

    async def newest_open_of(self, account_id: str) -> Cart | None:
        own = [
            cart
            for cart in self._memory.carts.values()
            if cart.account_id == account_id and cart.status == OPEN
        ]
        return max(own, key=lambda cart: self._memory.touched[cart.id], default=None)

    async def merged_into(self, cart_id: str, account_id: str) -> Cart | None:
        target_id, owner = self._memory.merged.get(cart_id, ("", ""))
        return self._memory.carts.get(target_id) if owner == account_id else None

    async def save(self, cart: Cart, now: datetime, answer: StoredAnswer | None = None) -> bool:
        if not self._is_former(cart):
            return False
        self._put(cart)
        if answer:
            self._memory.answers[answer.key.scope, answer.key.key] = answer.response
        return True

    async def merge(self, target: Cart, guest: Cart, now: datetime) -> bool:
        if not (self._is_former(target) and self._is_former(guest)):
            return False
        self._put(target)
        self._put(replace(guest, status=MERGED))
        self._memory.merged[guest.id] = (target.id, guest.account_id)
        return True

    def _is_former(self, cart: Cart) -> bool:
        known = self._memory.carts[cart.id]
        return known.status == OPEN and known.version == cart.version - 1

    def _put(self, cart: Cart) -> None:
        self._memory.carts[cart.id] = cart
        self._memory.touch(cart.id)


class MemoryCheckouts:
    """CheckoutStore and PaymentNewsStore in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.before_save: Callable[[Transition], None] | None = None

    async def place(self, cart: Cart, checkout: Checkout, key: Key) -> Placed:
        known = self._memory.carts[cart.id]
        if known.status != OPEN or known.version != cart.version:
            return Placed.CART_CHANGED
        order = checkout.order
        if (key.scope, key.key) in self._memory.keys:
            return Placed.KEY_USED
        if any(c.order.number == order.number for c in self._memory.checkouts.values()):
            return Placed.NUMBER_TAKEN
        self._memory.carts[cart.id] = replace(
            known, status=CHECKED_OUT, attempts=known.attempts + 1, order_id=order.id
        )
        self._memory.checkouts[order.id] = checkout
        self._memory.keys[key.scope, key.key] = UsedKey(key.fingerprint, order.id)
        self._memory.events.append(("order_placed", order))
        return Placed.PLACED

    async def load(self, order_id: str) -> Checkout | None:
        await asyncio.sleep(0)
        return self._memory.checkouts.get(order_id)

    async def save(self, transition: Transition, answer: StoredAnswer | None = None) -> bool:
        if self.before_save:
            self.before_save(transition)
        if not self._stands(transition):
            return False
        self._put(transition)
        if answer:
            self._memory.answers[answer.key.scope, answer.key.key] = answer.response
        return True

    async def finish_compensation(
        self, transition: Transition, *, reopen: bool, items: Sequence[CartItem] | None
    ) -> bool:
        if self.before_save:
            self.before_save(transition)
        if not self._stands(transition):
            return False
        self._put(transition)
        cart = self._memory.carts[transition.after.order.cart_id]
        if reopen and cart.status == CHECKED_OUT and cart.order_id == transition.after.order.id:
            self._memory.carts[cart.id] = replace(
                cart,
                status=OPEN,
                version=cart.version + 1,
                items=cart.items if items is None else tuple(items),
            )
            self._memory.touch(cart.id)
        return True

    async def save_settled(self, transitions: Sequence[Transition]) -> None:
        for transition in transitions:
            known = self._memory.checkouts[transition.before.order.id]
            if self._stands(transition):
                self._put(transition)
            elif known.saga.step == SETTLING:
                saga = replace(
                    known.saga,
                    step=DONE,
                    next_attempt_at=None,
                    method=None,
                    history=(*known.saga.history, *transition.steps_taken),
                )
                self._memory.checkouts[known.order.id] = Checkout(known.order, saga)

    async def touched_by(self, news: Sequence[PaymentNews]) -> frozenset[str]:
        return frozenset(each.order_id for each in news)

    async def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[Checkout]:
        due = [
            checkout
            for checkout in self._memory.checkouts.values()
            if checkout.saga.next_attempt_at is not None and checkout.saga.next_attempt_at <= now
        ]
        taken = [
            Checkout(c.order, replace(c.saga, next_attempt_at=until))
            for c in sorted(due, key=lambda c: c.saga.next_attempt_at or now)[:limit]
        ]
        self._memory.checkouts.update({checkout.order.id: checkout for checkout in taken})
        return taken

    def _stands(self, transition: Transition) -> bool:
        before = transition.before
        known = self._memory.checkouts[before.order.id]
        same_version = known.order.version == before.order.version
        return same_version and known.saga.step == before.saga.step

    def _put(self, transition: Transition) -> None:
        after = transition.after
        stored = self._memory.checkouts[after.order.id].saga.history
        saga = replace(after.saga, history=(*stored, *transition.steps_taken))
        self._memory.checkouts[after.order.id] = Checkout(after.order, saga)
        if transition.event:
            self._memory.events.append((transition.event, after.order))


class MemoryOrders:
    """OrderReader in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def load(self, order_id: str) -> Order | None:
        checkout = self._memory.checkouts.get(order_id)
        return checkout.order if checkout else None

    async def page_of_account(
        self, account_id: str, before_id: str | None, limit: int
    ) -> Sequence[Order]:
        own = [c.order for c in self._memory.checkouts.values() if c.order.account_id == account_id]
        newest = sorted(own, key=lambda order: order.id, reverse=True)
        return [order for order in newest if before_id is None or order.id < before_id][:limit]

    async def page_of_seller(
        self, seller_id: str, before: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Order]:
        found = [
            (order.confirmed_at, order.id, order)
            for order in (checkout.order for checkout in self._memory.checkouts.values())
            if order.confirmed_at is not None
            and any(part.seller_id == seller_id for part in order.seller_orders)
        ]
        newest = sorted(found, key=lambda entry: entry[:2], reverse=True)
        return [e[2] for e in newest if before is None or e[:2] < before][:limit]


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
        self.closed: set[str] = set()
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

    async def reserve(self, order: Order, until: datetime, timeout_s: float) -> ReserveOutcome:
        outcome = await self._call("reserve", lambda: self._reserve(order))
        return outcome if outcome is not None else UNKNOWN

    async def commit(self, order_ids: Sequence[str]) -> frozenset[str] | None:
        return await self._call("commit", lambda: self._commit(order_ids))

    async def release(self, order_id: str, reason: str, timeout_s: float) -> bool:
        def release() -> bool:
            self.closed.add(order_id)
            self.held.pop(order_id, None)
            self.allocated.pop(order_id, None)
            return True

        return bool(await self._call("release", release))

    async def move(self, move: StockMove) -> bool:
        def ship() -> bool:
            if move.order_id not in self.allocated:
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

    def _reserve(self, order: Order) -> ReserveOutcome:
        if order.id in self.closed:
            return Refused("conflict", "order_closed", "closed")
        if order.id in self.held or order.id in self.allocated:
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
        self.charges: dict[str, int] = defaultdict(int)
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
            self.closed.add(order_id)
            status = self.status.get(order_id, "none")
            after = {"authorized": "voided", "captured": "refunded", "pending": "voided"}
            self.status[order_id] = after.get(status, status)
            return True

        return bool(await self._call("cancel", cancel))

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
            return Refused("conflict", "order_closed", "closed")
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
