"""The saga's own code in a simulated world: any fate of any call, at any time, in any order.

Time is virtual. Every call to a peer and to the database waits until hypothesis chooses its fate;
processes die between any two of them. Meanwhile buyers pay, cancel and dispute, operators refund,
holds and payment windows run out, and news comes late, twice and in another order. At the end all
faults stop, and the promises of docs/reliability.md must hold.

``SOKO_SIMULATION_EXAMPLES`` says how many runs there are (100 by default).
"""

from __future__ import annotations

import os
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis.errors import ServiceError
from orders.app.cancel_order import CancelOrder
from orders.domain.errors import OrdersError
from orders.domain.saga import PaymentMethod
from services.orders.tests.builders import (
    make_actor,
    make_command,
    make_key,
)
from services.orders.tests.simulation.peers import (
    authorized,
    awaits_buyer,
    disputed,
    fallen,
    refundable,
    refunding,
    silent,
)
from services.orders.tests.simulation.promises import Promises
from services.orders.tests.simulation.wire import (
    ANSWERED,
    FATES,
    FAULTS,
)
from services.orders.tests.simulation.world import PLENTY_S, TOKENS, Process, drawn

EXAMPLES = int(os.environ.get("SOKO_SIMULATION_EXAMPLES", "100"))
METHODS = [
    "authorized",
    "captured",
    "failed",
    "async",
    "cash",
    "silent_authorized",
    "silent_failed",
]


class Shop(Promises):
    """What may happen in the world, in any order."""

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
        self.catalog.expire(self.clock.now())

    @precondition(lambda self: self.memory.checkouts)
    @rule(after_s=st.sampled_from([0, 7]))
    def workers_look_after(self, after_s: int) -> None:
        self.clock.advance(timedelta(seconds=after_s))
        self.workers_look()

    @precondition(lambda self: self.payments.told)
    @rule(data=st.data())
    def news_arrives(self, data: st.DataObject) -> None:
        """Any news, also news that came before and news that later news overtook."""
        self.hear(drawn(data, range(len(self.payments.told))))


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
