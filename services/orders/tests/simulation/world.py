"""The simulated world: an orders process behind a wire, its peers, and time that a test moves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
)

from chassis.clock import FixedClock
from chassis.errors import ServiceError
from orders.app import checkout_cart, resume_sagas, run_saga
from orders.app.cancel_order import CancelOrderHandler
from orders.app.checkout_cart import CheckoutCartHandler
from orders.app.record_payment_news import RecordPaymentNews, record_payment_news
from orders.app.resume_sagas import ResumeSagas, ResumeSagasHandler
from orders.app.run_saga import SagaRunner
from orders.app.settle_orders import CapturePolicy, SettleOrders, SettleOrdersHandler
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order
from orders.domain.outcomes import UNKNOWN, PaymentNews
from services.orders.tests.builders import (
    NO_CAP,
    NOW,
    SECRET,
    WINDOW,
    make_cart,
    make_variant,
)
from services.orders.tests.fakes import FakeAccounts, FakeCatalog, ListQueue
from services.orders.tests.memory import Memory, MemoryCarts, MemoryCheckouts
from services.orders.tests.simulation.peers import SimPayments
from services.orders.tests.simulation.wire import (
    ANSWERED,
    Call,
    Remote,
    Wire,
    at_once,
)

T = TypeVar("T")
TOKENS = GuestTokens(SECRET)
PLENTY_S = 1e9
PEERS = {"reserve", "commit", "release", "authorize", "capture", "cancel"}


class Process:
    """An orders process: the handlers as bootstrap makes them, with the wire in between."""

    def __init__(self, world: World) -> None:
        wire, clock = world.wire, world.clock
        store = Remote(wire, world.store, {})
        carts = Remote(wire, world.carts, {})
        catalog = Remote(
            wire, world.catalog, {"reserve": UNKNOWN, "commit": None, "release": False}
        )
        payments = Remote(
            wire, world.payments, {"authorize": UNKNOWN, "capture": {}, "cancel": False}
        )
        self.queue = ListQueue()
        runner = SagaRunner(store, carts, catalog, payments, catalog, self.queue, clock)
        self.settle = SettleOrdersHandler(store, catalog, payments, clock, world.policy)
        self.resume = ResumeSagasHandler(store, runner, self.settle, clock)
        self.cancel = CancelOrderHandler(store, TOKENS, lambda: None, clock)
        self.checkout = CheckoutCartHandler(
            carts, store, runner, catalog, FakeAccounts(), TOKENS, clock, WINDOW, NO_CAP
        )


class World(RuleBasedStateMachine):
    """Two variants, three carts, one process at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.wire = Wire()
        self.clock = FixedClock(NOW)
        self.memory = Memory()
        self.carts, self.store = MemoryCarts(self.memory), MemoryCheckouts(self.memory)
        scarce, dear = make_variant(id=self.an_id("var"), available=2), make_variant(available=1)
        self.catalog = FakeCatalog(scarce, dear)
        self.payments = SimPayments()
        self.heard: set[int] = set()
        self.seen: dict[str, tuple[str, int]] = {}
        self.shops = [
            make_cart(scarce, id="cart_1"),
            make_cart(scarce, dear, id="cart_2"),
            make_cart(dear, id="cart_3"),
        ]
        for cart in self.shops:
            at_once(self.carts.create(cart, NOW))

    def an_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self.numbers):026d}"

    @initialize(policy=st.sampled_from(["at_confirm", "at_first_shipment"]))
    def a_process_starts(self, policy: CapturePolicy) -> None:
        self.policy = policy
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(checkout_cart, "_new_id", self.an_id)
        self._patch.setattr(resume_sagas, "_log", self)
        self._patch.setattr(run_saga, "time", self)
        self.process = Process(self)

    def monotonic(self) -> float:
        """Return the virtual time, for who has so much of it."""
        return self.clock.now().timestamp()

    def warning(self, *_: Any, **__: Any) -> None:
        """A worker waits for the database: that is what it should do."""

    def exception(self, event: str, **values: Any) -> None:
        """A worker met what nobody foresaw."""
        self.wire.failures.append(AssertionError(f"{event} {values}"))

    def all_orders(self) -> list[Order]:
        return [checkout.order for checkout in self.memory.checkouts.values()]

    def calls_to_peers(self) -> list[Call]:
        return [call for call in self.wire.calls if call.name in PEERS]

    def answer(self, *names: str) -> None:
        """Let the newest calls of these names go well, one after the other."""
        for name in names:
            for call in [each for each in self.wire.calls if each.name == name][-1:]:
                self.wire.decide(call, ANSWERED)

    def settle_queued(self) -> None:
        waiting, self.process.queue.checkouts = self.process.queue.checkouts, []
        if waiting:
            self.wire.start(self.process.settle(SettleOrders(waiting)), ServiceError)

    def hear(self, index: int) -> None:
        """Take news in one transaction, as the consumer does."""
        self.heard.add(index)
        news: PaymentNews = self.payments.told[index]
        at_once(record_payment_news(RecordPaymentNews([news], self.clock.now()), self.store))

    def workers_look(self) -> None:
        self.settle_queued()
        self.wire.start(self.process.resume(ResumeSagas()), ServiceError)
        self.answer("claim_due")


def drawn(data: st.DataObject, items: Sequence[T]) -> T:
    return items[data.draw(st.integers(0, len(items) - 1))]
