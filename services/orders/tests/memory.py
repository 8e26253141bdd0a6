"""The stores in memory; one suite holds them against PostgreSQL's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orders.app.ports import Holder, Key, Placed, StoredAnswer, Unpaid, UsedKey
from orders.app.reader import EVERYTHING, Reader
from orders.domain.cart import CHECKED_OUT, MERGED, OPEN, Cart, CartItem
from orders.domain.checkout import Checkout, Transition
from orders.domain.order import Order
from orders.domain.outcomes import (
    PaymentNews,
)
from orders.domain.saga import DONE, SETTLING


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
    holders: dict[str, Holder] = field(default_factory=dict)
    """Who holds what an order reserves."""
    answers: dict[tuple[str, str], bytes] = field(default_factory=dict)
    events: list[tuple[str, Order]] = field(default_factory=list)
    clock: int = 0

    def touch(self, cart_id: str) -> None:
        self.clock += 1
        self.touched[cart_id] = self.clock


def shown(owned: Cart | Order, reader: Reader) -> bool:
    return reader.everything or owned.account_id in ("", reader.account_id)


class MemoryCarts:
    """CartStore in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def create(self, cart: Cart, now: datetime) -> bool:
        if cart.id in self._memory.carts:
            return False
        self._put(cart)
        return True

    async def load(self, cart_id: str, reader: Reader) -> Cart | None:
        await asyncio.sleep(0)
        cart = self._memory.carts.get(cart_id)
        return cart if cart and cart.status != MERGED and shown(cart, reader) else None

    async def load_for_checkout(
        self, cart_id: str, key: Key, reader: Reader
    ) -> tuple[Cart, UsedKey | None] | None:
        cart = await self.load(cart_id, reader)
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

    async def place(
        self, cart: Cart, checkout: Checkout, key: Key, holder: Holder | None = None
    ) -> Placed:
        known = self._memory.carts[cart.id]
        if known.status != OPEN or known.version != cart.version:
            return Placed.CART_CHANGED
        order = checkout.order
        if holder:
            units = [line.quantity for line in order.lines]
            units += [each.units for each in await self.unpaid_of(holder, "")]
            if sum(units) > holder.most:
                return Placed.NO_ROOM
            self._memory.holders[order.id] = holder
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

    async def unpaid_of(self, holder: Holder, cart_id: str) -> Sequence[Unpaid]:
        held = [
            self._memory.checkouts[order_id].order
            for order_id, known in self._memory.holders.items()
            if known.key == holder.key and order_id in self._memory.checkouts
        ]
        found = [
            Unpaid(order.id, sum(line.quantity for line in order.lines), order.expires_at)
            for order in held
            if order.undecided and order.cart_id != cart_id and order.expires_at
        ]
        return sorted(found, key=lambda each: each.expires_at)

    async def load(self, order_id: str, reader: Reader = EVERYTHING) -> Checkout | None:
        await asyncio.sleep(0)
        checkout = self._memory.checkouts.get(order_id)
        return checkout if checkout and shown(checkout.order, reader) else None

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

    async def load(self, order_id: str, reader: Reader) -> Order | None:
        checkout = self._memory.checkouts.get(order_id)
        return checkout.order if checkout and shown(checkout.order, reader) else None

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
