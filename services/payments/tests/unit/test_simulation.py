"""Whatever order commands and faults come in: in the end the books agree with the provider."""

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.actor import Actor
from chassis.clock import FixedClock
from chassis.errors import as_service_error
from chassis.ids import new_id
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, OTHER_SELLER, make_order, make_split
from services.payments.tests.conftest import Desk
from services.payments.tests.fakes import MemoryPayments, ScriptedProvider

OPERATOR = Actor(kind="account", account_id="usr_operator", roles=frozenset({"operator"}))
CALLS = ("create", "find", "capture", "void", "refund", "find_refund")
SOME_CALLS = st.sets(st.sampled_from(CALLS))
SPLITS = (
    make_split("item_a", goods_minor=1000, tax_minor=77, quantity=3),
    make_split("item_b", OTHER_SELLER, discount_minor=130, discount_funder="platform"),
)
STEP = st.one_of(
    st.sampled_from(["authorize", "authorize", "capture", "capture", "cancel", "resolve"]),
    st.tuples(st.just("refund"), st.integers(1, 2500)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("lose"), SOME_CALLS),
    st.tuples(st.just("refuse"), SOME_CALLS),
    st.tuples(st.just("refunds"), st.sampled_from(["succeeded", "failed", "pending"])),
    st.tuples(st.just("decide"), st.sampled_from(["authorized", "captured", "declined"])),
    st.tuples(st.just("together"), st.lists(st.sampled_from(["authorize", "capture", "cancel"]))),
)


class World:
    def __init__(self, outcome):
        self.memory = MemoryPayments()
        self.provider = ScriptedProvider(outcome=outcome)
        self.provider.before_answer = lambda _: asyncio.sleep(0)
        self.clock = FixedClock(NOW)
        self.desk = Desk(self.memory, self.provider, self.clock)
        self.order = make_order("tok", *SPLITS)
        self.cancelled = False

    async def do(self, step):
        name, value = step if isinstance(step, tuple) else (step, None)
        try:
            await getattr(self, name)(value) if value is not None else await getattr(self, name)()
        except Exception as error:
            known = as_service_error(error)
            if known is None or known.kind == "internal":
                raise

    async def authorize(self):
        await self.desk.authorize.handle(self.order)

    async def capture(self):
        await self.desk.capture.handle(CaptureOrders((self.order.order_id,)))

    async def cancel(self):
        self.cancelled = True
        await self.desk.cancel.handle(CancelPayment(self.order.order_id, ""))

    async def resolve(self):
        await self.desk.resolve.handle()

    async def refund(self, amount_minor):
        command = CreateRefund(new_id(), self.order.order_id, (amount_minor, "KES"), {}, "")
        await self.desk.refund.handle(command, OPERATOR)

    async def wait(self, seconds):
        self.clock.advance(timedelta(seconds=seconds))

    async def lose(self, calls):
        self.provider.away = calls

    async def refuse(self, calls):
        self.provider.refused = calls

    async def refunds(self, outcome):
        self.provider.refund_outcome = outcome

    async def decide(self, outcome):
        for attempt_id, state in self.provider.state.items():
            if state.status == "pending":
                self.provider.state[attempt_id] = ProviderState(outcome)

    async def together(self, names):
        await asyncio.gather(*(self.do(name) for name in names))

    async def calm_down(self):
        """All faults end, the buyer decides, and enough time passes for every check."""
        self.provider.away = self.provider.refused = set()
        self.provider.refund_outcome = "succeeded"
        for refund_id, outcome in self.provider.refunds.items():
            if outcome == "pending":
                self.provider.refunds[refund_id] = "failed"
        for _ in range(80):
            await self.decide("authorized")
            self.clock.advance(timedelta(minutes=1))
            await self.resolve()


async def play(outcome, steps):
    world = World(outcome)
    for step in steps:
        await world.do(step)
    await world.calm_down()
    payment = await world.memory.find_by_order(world.order.order_id)
    if payment is None or payment.attempt is None:
        assert not world.provider.state
        return
    truth = world.provider.state.get(payment.attempt.id, ProviderState("not_found")).status
    assert len(world.provider.state) <= 1
    assert not payment.unresolved
    assert payment.refunding_minor == 0
    assert payment.refunded_minor == world.provider.paid_back[payment.attempt.id]
    assert (truth == "captured") == (payment.captured_minor > 0)
    if payment.captured_minor == 0:
        assert {"authorized": "authorized", "voided": "voided"}.get(truth, "failed") == (
            payment.status
        )
    if world.cancelled:
        assert payment.given_back
        assert truth != "authorized"
        assert payment.refunded_minor == payment.captured_minor
        assert world.memory.balances == {}
    receivable = payment.captured_minor - payment.refunded_minor
    assert world.memory.balances.get("provider_receivable", 0) == receivable
    ids = [posting.id for posting in world.memory.postings]
    assert len(ids) == len(set(ids))


@settings(max_examples=300, deadline=None)
@given(
    outcome=st.sampled_from(["authorized", "captured", "pending", "declined"]),
    steps=st.lists(STEP, max_size=14),
)
def test_the_books_agree_with_the_provider_whatever_happened(outcome, steps):
    asyncio.run(play(outcome, steps))
