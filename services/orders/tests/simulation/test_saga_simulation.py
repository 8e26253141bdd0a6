"""The saga's own code in a simulated world: any fate of any call, at any time, in any order.

Time is virtual. Every call to a peer and to the database waits until hypothesis chooses its fate;
processes die between any two of them. Meanwhile buyers pay, cancel and dispute, operators refund,
holds and payment windows run out, and news comes late, twice and in another order. At the end all
faults stop, and the promises of docs/reliability.md must hold.

``SOKO_SIMULATION_EXAMPLES`` says how many runs there are (100 by default).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis.clock import FixedClock
from chassis.errors import ServiceError
from orders.app import checkout_cart, resume_sagas, run_saga
from orders.app.cancel_order import CancelOrder, CancelOrderHandler
from orders.app.checkout_cart import CheckoutCartHandler
from orders.app.record_payment_news import RecordPaymentNews, record_payment_news
from orders.app.resume_sagas import ResumeSagas, ResumeSagasHandler
from orders.app.run_saga import SagaRunner
from orders.app.settle_orders import CapturePolicy, SettleOrders, SettleOrdersHandler
from orders.domain.cart import CHECKED_OUT, OPEN, Cart
from orders.domain.checkout import Checkout
from orders.domain.errors import OrdersError
from orders.domain.guest_token import GuestTokens
from orders.domain.order import Order
from orders.domain.outcomes import UNKNOWN, PaymentNews
from orders.domain.saga import PaymentMethod
from orders.domain.statuses import ORDER
from services.orders.tests.builders import (
    NOW,
    SECRET,
    WINDOW,
    make_actor,
    make_cart,
    make_command,
    make_key,
    make_variant,
)
from services.orders.tests.fakes import (
    FakeAccounts,
    ListQueue,
    Memory,
    MemoryCarts,
    MemoryCheckouts,
)
from services.orders.tests.simulation.peers import TAKEN, Payment, SimCatalog, SimPayments
from services.orders.tests.simulation.wire import (
    ANSWERED,
    FATES,
    FAULTS,
    Call,
    Remote,
    Wire,
    at_once,
)

T = TypeVar("T")
EXAMPLES = int(os.environ.get("SOKO_SIMULATION_EXAMPLES", "100"))
TOKENS = GuestTokens(SECRET)
ENDED = {"done", "cancelled"}
PLENTY_S = 1e9
PEERS = {"reserve", "commit", "release", "authorize", "capture", "cancel"}
METHODS = [
    "authorized",
    "captured",
    "failed",
    "async",
    "cash",
    "silent_authorized",
    "silent_failed",
]
CLOSING_ROUNDS = 300


class Process:
    """An orders process: the handlers as bootstrap makes them, with the wire in between."""

    def __init__(self, world: Shop) -> None:
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
            carts, store, runner, catalog, FakeAccounts(), TOKENS, clock, WINDOW
        )


class Shop(RuleBasedStateMachine):
    """Two variants, three carts, one process at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = count(1)
        self.wire = Wire()
        self.clock = FixedClock(NOW)
        self.memory = Memory()
        self.carts, self.store = MemoryCarts(self.memory), MemoryCheckouts(self.memory)
        scarce, dear = make_variant(id=self.an_id("var"), available=2), make_variant(available=1)
        self.catalog = SimCatalog(self.clock, scarce, dear)
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

    # What buyers, operators and providers do.

    @rule(
        cart=st.integers(0, 2),
        token=st.sampled_from(METHODS),
        same_key=st.booleans(),
        places=st.booleans(),
    )
    def a_buyer_checks_out(self, cart: int, token: str, same_key: bool, places: bool) -> None:
        """With ``places`` nothing goes wrong until there is an order."""
        key = "again" if same_key else self.an_id("key")
        command = make_command(
            self.shops[cart],
            TOKENS.token(self.shops[cart].id, 1),
            key=make_key(scope=self.shops[cart].id, key=key),
            method=PaymentMethod("sandbox", token, ""),
            budget_s=PLENTY_S,
        )
        self.wire.start(self.process.checkout(command), OrdersError, ServiceError)
        if places:
            self.answer("load_for_checkout", "place")

    @precondition(lambda self: self.memory.checkouts)
    @rule(data=st.data())
    def a_buyer_cancels(self, data: st.DataObject) -> None:
        order = drawn(data, self.all_orders())
        token = TOKENS.token(order.id, 1)
        command = CancelOrder(order.id, token, make_actor(), "x", None, lambda _: b"")
        self.wire.start(self.process.cancel(command), OrdersError, ServiceError)

    @precondition(lambda self: self.payments.of(awaits_buyer))
    @rule(data=st.data(), pays=st.booleans())
    def a_buyer_pays_or_does_not(self, data: st.DataObject, pays: bool) -> None:
        self.payments.buyer_decides(drawn(data, self.payments.of(awaits_buyer)), pays=pays)

    @precondition(lambda self: self.payments.of(silent))
    @rule(data=st.data())
    def a_provider_speaks(self, data: st.DataObject) -> None:
        self.payments.provider_speaks(drawn(data, self.payments.of(silent)))

    @precondition(lambda self: self.payments.of(fallen))
    @rule(data=st.data())
    def money_comes_after_all(self, data: st.DataObject) -> None:
        self.payments.money_comes_after_all(drawn(data, self.payments.of(fallen)))

    @precondition(lambda self: self.payments.of(authorized))
    @rule(data=st.data(), lapses=st.booleans())
    def an_authorization_goes_bad(self, data: st.DataObject, lapses: bool) -> None:
        payment = drawn(data, self.payments.of(authorized))
        if lapses:
            self.payments.authorization_lapses(payment)
        else:
            payment.refuses_capture = True

    @precondition(lambda self: self.payments.of(refundable))
    @rule(data=st.data(), action=st.sampled_from(["dispute", "dispute", "part", "all"]))
    def a_payment_is_called_in_question(self, data: st.DataObject, action: str) -> None:
        payment = drawn(data, self.payments.of(refundable))
        if action == "dispute":
            self.payments.buyer_disputes(payment)
        else:
            self.payments.operator_refunds(payment, all_of_it=action == "all")

    @precondition(lambda self: self.payments.of(disputed))
    @rule(data=st.data())
    def a_dispute_is_won(self, data: st.DataObject) -> None:
        self.payments.dispute_is_won(drawn(data, self.payments.of(disputed)))

    @precondition(lambda self: self.payments.of(refunding))
    @rule(data=st.data())
    def a_refund_settles(self, data: st.DataObject) -> None:
        self.payments.refund_settles(drawn(data, self.payments.of(refunding)))

    # What the network, the machines and time do.

    @precondition(lambda self: self.wire.calls)
    @rule(data=st.data(), fate=st.sampled_from(FATES))
    def a_call_ends(self, data: st.DataObject, fate: str) -> None:
        self.wire.decide(drawn(data, self.wire.calls), fate)

    @precondition(lambda self: self.calls_to_peers())
    @rule(data=st.data(), fate=st.sampled_from(FAULTS))
    def a_peer_s_answer_goes_wrong(self, data: st.DataObject, fate: str) -> None:
        self.wire.decide(drawn(data, self.calls_to_peers()), fate)
        self.settle_queued()

    @precondition(lambda self: self.wire.calls)
    @rule(fates=st.lists(st.sampled_from([*FATES, ANSWERED]), min_size=2, max_size=6))
    def calls_end(self, fates: list[str]) -> None:
        for fate in fates:
            if self.wire.calls:
                self.wire.decide(self.wire.calls[0], fate)
            self.settle_queued()

    @precondition(lambda self: self.wire.calls)
    @rule(calls=st.integers(1, 4))
    def all_goes_well_for_a_while(self, calls: int) -> None:
        self.calls_end([ANSWERED] * calls)

    @precondition(lambda self: self.wire.straying)
    @rule(data=st.data())
    def a_stray_call_arrives(self, data: st.DataObject) -> None:
        arrives = drawn(data, self.wire.straying)
        self.wire.straying.remove(arrives)
        arrives()

    @precondition(lambda self: self.wire.calls)
    @rule()
    def the_process_dies(self) -> None:
        self.wire.crash()
        self.process = Process(self)

    @precondition(lambda self: self.memory.checkouts)
    @rule(seconds=st.sampled_from([7, 31, 1801, 7200]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.catalog.expire()

    @precondition(lambda self: self.memory.checkouts)
    @rule(after_s=st.sampled_from([0, 7]))
    def workers_look(self, after_s: int) -> None:
        self.clock.advance(timedelta(seconds=after_s))
        self.settle_queued()
        self.wire.start(self.process.resume(ResumeSagas()), ServiceError)
        self.answer("claim_due")

    @precondition(lambda self: self.payments.told)
    @rule(data=st.data())
    def news_arrives(self, data: st.DataObject) -> None:
        """Any news, also news that came before and news that later news overtook."""
        self.hear(drawn(data, range(len(self.payments.told))))

    # What must hold at every moment.

    @invariant()
    def nothing_unforeseen_happened(self) -> None:
        assert not self.wire.failures, self.wire.failures

    @invariant()
    def no_unit_is_promised_twice(self) -> None:
        for variant_id, on_hand in self.catalog.on_hand.items():
            assert self.catalog.taken(variant_id) <= on_hand

    @invariant()
    def nobody_is_charged_twice(self) -> None:
        for payment in self.payments.payments.values():
            assert payment.captures <= 1
            assert payment.refunded_minor <= payment.amount_minor * payment.captures

    @invariant()
    def a_cart_is_at_most_one_order(self) -> None:
        live = Counter(o.cart_id for o in self.all_orders() if o.status != "cancelled")
        assert all(orders == 1 for orders in live.values())

    @invariant()
    def orders_move_as_their_table_says(self) -> None:
        for checkout in self.memory.checkouts.values():
            order, saga = checkout.order, checkout.saga
            status, steps = self.seen.get(order.id, ("pending", 0))
            assert order.status == status or reachable(status, order.status)
            assert len(saga.history) >= steps
            if order.confirmed_at is not None:
                assert order.confirmed_at < saga.hold_until
            self.seen[order.id] = (order.status, len(saga.history))

    def teardown(self) -> None:
        try:
            if hasattr(self, "process"):
                self.calm_down()
                self.check_quiet()
        finally:
            self.wire.close()
            if hasattr(self, "_patch"):
                self._patch.undo()

    def calm_down(self) -> None:
        """All faults end, everybody decides, and time passes until everything is at rest."""
        for arrives in self.wire.straying:
            arrives()
        self.wire.straying.clear()
        for _ in range(CLOSING_ROUNDS):
            for payment in self.payments.of(silent):
                self.payments.provider_speaks(payment)
            for payment in self.payments.of(refunding):
                self.payments.refund_settles(payment)
            self.workers_look(after_s=0)
            while self.wire.calls:
                self.wire.decide(self.wire.calls[0], ANSWERED)
                self.settle_queued()
            for index in range(len(self.payments.told)):
                if index not in self.heard:
                    self.hear(index)
            if self.at_rest():
                return
            self.clock.advance(timedelta(seconds=31))
            self.catalog.expire()
        raise AssertionError(f"no rest: {[c.saga for c in self.memory.checkouts.values()]}")

    def at_rest(self) -> bool:
        sagas = [checkout.saga.step for checkout in self.memory.checkouts.values()]
        return set(sagas) <= ENDED and len(self.heard) == len(self.payments.told)

    def check_quiet(self) -> None:
        self.nothing_unforeseen_happened()
        self.no_unit_is_promised_twice()
        self.nobody_is_charged_twice()
        self.a_cart_is_at_most_one_order()
        for checkout in self.memory.checkouts.values():
            self.check_order(checkout)
        for cart_id in {cart.id for cart in self.shops}:
            self.check_cart(self.memory.carts[cart_id])

    def check_order(self, checkout: Checkout) -> None:
        order = checkout.order
        payment = self.payments.payments.get(order.id, Payment(order.id, 0, provider="cash"))
        hold = self.catalog.holds.get(order.id)
        assert order.payment_status == payment.status, (order.payment_status, payment)
        if order.status == "confirmed":
            assert checkout.saga.step == "done"
            assert hold is not None
            assert hold.allocated
            deferred = self.policy == "at_first_shipment" and payment.status == "authorized"
            assert payment.captures == 1 or payment.provider == "cash" or deferred
            assert not payment.goes_back
        else:
            assert (order.status, checkout.saga.step) == ("cancelled", "cancelled")
            assert hold is None
            kept = payment.status == "authorized" or payment.status in TAKEN
            assert not kept, payment
            assert order.cancel_reason != "payment_declined" or payment.fell
        assert checkout.saga.method is None

    def check_cart(self, cart: Cart) -> None:
        if cart.status == CHECKED_OUT:
            order = self.memory.checkouts[cart.order_id].order
            assert order.status == "confirmed" or order.confirmed_at is not None
        else:
            assert cart.status == OPEN
            own = [order for order in self.all_orders() if order.cart_id == cart.id]
            assert all(o.status == "cancelled" and o.confirmed_at is None for o in own)

    # How it is done.

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


def drawn(data: st.DataObject, items: Sequence[T]) -> T:
    return items[data.draw(st.integers(0, len(items) - 1))]


def awaits_buyer(payment: Payment) -> bool:
    return payment.provider == "pending" and payment.status == "none"


def silent(payment: Payment) -> bool:
    return payment.provider == "silent"


def fallen(payment: Payment) -> bool:
    return payment.status in {"failed", "voided"}


def authorized(payment: Payment) -> bool:
    return payment.status == "authorized"


def refundable(payment: Payment) -> bool:
    return payment.status in TAKEN and not payment.goes_back


def disputed(payment: Payment) -> bool:
    return payment.status == "charged_back"


def refunding(payment: Payment) -> bool:
    return payment.refunding


def reachable(current: str, wanted: str) -> bool:
    """Several moves may lie between two looks."""
    return wanted in ORDER[current] or any(reachable(each, wanted) for each in ORDER[current])


def test_the_saga_keeps_its_promises_whatever_happens() -> None:
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
