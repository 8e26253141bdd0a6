"""What must hold in the simulated world at every moment, and when everything has come to rest."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis.stateful import (
    invariant,
)

from orders.domain.cart import CHECKED_OUT, OPEN, Cart
from orders.domain.checkout import Checkout
from orders.domain.statuses import ORDER
from services.orders.tests.simulation.peers import (
    TAKEN,
    Payment,
    refunding,
    silent,
)
from services.orders.tests.simulation.wire import (
    ANSWERED,
)
from services.orders.tests.simulation.world import World

ENDED = {"done", "cancelled"}
CLOSING_ROUNDS = 300


class Promises(World):
    """Looks at the world after every step, and once more when all faults have stopped."""

    @invariant()
    def nothing_unforeseen_happened(self) -> None:
        assert not self.wire.failures, self.wire.failures

    @invariant()
    def no_unit_is_promised_twice(self) -> None:
        assert all(self.catalog.available(each) >= 0 for each in self.catalog.variants)

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
            self.workers_look()
            while self.wire.calls:
                self.wire.decide(self.wire.calls[0], ANSWERED)
                self.settle_queued()
            for index in range(len(self.payments.told)):
                if index not in self.heard:
                    self.hear(index)
            if self.at_rest():
                return
            self.clock.advance(timedelta(seconds=31))
            self.catalog.expire(self.clock.now())
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
        assert order.payment_status == payment.status, (order.payment_status, payment)
        if order.status == "confirmed":
            assert checkout.saga.step == "done"
            assert order.id in self.catalog.allocated
            deferred = self.policy == "at_first_shipment" and payment.status == "authorized"
            assert payment.captures == 1 or payment.provider == "cash" or deferred
            assert not payment.goes_back
        else:
            assert (order.status, checkout.saga.step) == ("cancelled", "cancelled")
            assert order.id not in self.catalog.held
            assert order.id not in self.catalog.allocated
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


def reachable(current: str, wanted: str) -> bool:
    """Several moves may lie between two looks."""
    return wanted in ORDER[current] or any(reachable(each, wanted) for each in ORDER[current])
