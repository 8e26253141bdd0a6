"""Whatever order money moves in, the books stay right: a state machine over the pure domain.

``SOKO_SIMULATION_EXAMPLES`` says how many runs there are (100 by default), as in
``SOKO_SIMULATION_EXAMPLES=100000 ./soko test services/payments/tests/unit/test_ledger_machine.py``.
"""

import os
from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from chassis.ids import new_id
from payments.domain import postings
from payments.domain.commission import CommissionRule, RuleBook
from payments.domain.deliveries import Delivery
from payments.domain.errors import (
    OrderClosed,
    RefundExceedsCaptured,
    RefundItemUnknown,
)
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, OTHER_SELLER, SELLER, make_payment, make_split

EXAMPLES = int(os.environ.get("SOKO_SIMULATION_EXAMPLES", "100"))
SELLERS = (SELLER, OTHER_SELLER)
HOLD = timedelta(days=7)
MINOR = st.integers(min_value=0, max_value=10_000)
FUNDERS = st.sampled_from(["seller", "platform"])


PICK = st.integers(min_value=0, max_value=999)
PER_MILLE = st.integers(min_value=1, max_value=1000)
PARTS = st.lists(st.tuples(MINOR, MINOR, MINOR, MINOR, FUNDERS), min_size=1, max_size=3)
CURRENCIES = ("KES", "USD")


class Books(RuleBasedStateMachine):
    """Two sellers, orders in two currencies, and a naive tally of what should be where."""

    @initialize(rate=st.integers(0, 8000), tax=st.integers(0, 2500), parts=PARTS)
    def begin(self, rate, tax, parts):
        self.now = NOW
        self.rules = RuleBook((), CommissionRule(new_id(), "", "", rate, tax))
        self.balances = Counter()
        self.posted = set()
        self.every = []
        self.payouts = []
        self.paid_to = Counter()
        self.on_the_way = Counter()
        self.authorize(parts, "KES", "sandbox")

    def post(self, made):
        """Enter a posting as the database would: each id once, in balance."""
        assert made.id not in self.posted
        self.posted.add(made.id)
        per_currency = Counter()
        for account, amount_minor in made.entries:
            self.balances[account] += amount_minor
            per_currency[account.currency] += amount_minor
        assert not any(per_currency.values())

    def save(self, payment):
        for made in payment.postings:
            self.post(made)
        payment.saved()

    def of(self, kind, currency, owner=None):
        return sum(
            amount
            for account, amount in self.balances.items()
            if (account.kind, account.currency) == (kind, currency)
            and owner in (None, account.owner)
        )

    @property
    def pending(self):
        return [(each, refund) for each in self.every for refund in each.pending_refunds]

    @property
    def disputed(self):
        return [(e, d) for e in self.every for d in e.disputes if d.status == "opened"]

    @property
    def captured(self):
        return [each for each in self.every if each.refundable_minor and not each.closed_at]

    @property
    def undelivered(self):
        return [
            (each, seller_order_id)
            for each in self.every
            if each.captured_minor or each.is_cash
            for seller_order_id in sorted({split.seller_order_id for split in each.splits})
            if seller_order_id not in {known.seller_order_id for known in each.deliveries}
        ]

    @precondition(lambda self: len(self.every) < 4)
    @rule(
        parts=PARTS,
        currency=st.sampled_from(CURRENCIES),
        start=st.sampled_from(["sandbox", "sandbox", postings.CASH, "late"]),
    )
    def authorize(self, parts, currency, start):
        splits = [
            make_split(
                f"item_{number}",
                SELLERS[number % 2],
                quantity=number + 1,
                goods_minor=goods + 1,
                discount_minor=min(discount, goods),
                discount_funder=funder,
                tax_minor=tax,
                shipping_minor=shipping,
            )
            for number, (goods, discount, tax, shipping, funder) in enumerate(parts)
        ]
        provider = postings.CASH if start == postings.CASH else "sandbox"
        payment = make_payment(*self.rules.freeze(splits), provider=provider)
        payment.currency = currency
        if provider == postings.CASH:
            payment.attempt = None
        else:
            if start == "late":
                payment.learn(ProviderState("declined", "declined"), self.now)
            payment.learn(ProviderState("captured"), self.now)
        self.every.append(payment)
        self.save(payment)

    @precondition(lambda self: len(self.posted) > 12 and self.captured)
    @rule(pick=PICK)
    def close(self, pick):
        self.captured[pick % len(self.captured)].closed_at = self.now

    @precondition(lambda self: any(each.must_refund_rest for each in self.every))
    @rule()
    def return_the_rest(self):
        for payment in self.every:
            if payment.must_refund_rest:
                payment.refund_rest(new_id(), self.now)
                self.save(payment)

    @precondition(lambda self: self.undelivered)
    @rule(pick=PICK)
    def deliver(self, pick):
        payment, seller_order_id = self.undelivered[pick % len(self.undelivered)]
        payment.deliveries.append(Delivery(seller_order_id, self.now, self.now + HOLD))

    @rule(days=st.sampled_from([0, 8]))
    def wait(self, days):
        self.now += timedelta(days=days)
        for payment in self.every:
            payment.account_for_deliveries(self.now)
            self.save(payment)

    @precondition(lambda self: self.captured)
    @rule(
        pick=PICK,
        share=st.none() | PER_MILLE,
        items=st.dictionaries(st.sampled_from(["item_0", "item_1", "item_2"]), st.integers(1, 3)),
        seller=st.none() | st.sampled_from(SELLERS),
    )
    def request_refund(self, pick, share, items, seller):
        payment = self.captured[pick % len(self.captured)]
        before = payment.refundable_minor
        amount = None if share is None else max(1, before * share // 1000)
        try:
            refund = payment.request_refund(
                new_id(),
                "",
                self.now,
                amount=None if amount is None else (amount, payment.currency),
                items=items,
                sellers=None if seller is None else {seller},
            )
        except (RefundExceedsCaptured, RefundItemUnknown, OrderClosed):
            return
        assert amount in (None, refund.amount_minor)
        assert payment.refundable_minor == before - refund.amount_minor
        self.save(payment)

    @precondition(lambda self: self.pending)
    @rule(pick=PICK, succeeds=st.booleans())
    def end_refund(self, pick, succeeds):
        payment, refund = self.pending[pick % len(self.pending)]
        for _ in range(2):
            payment.settle_refund(refund.id) if succeeds else payment.fail_refund(refund.id)
        self.save(payment)

    @precondition(lambda self: any(each.refundable_minor for each in self.every))
    @rule(pick=PICK, share=st.none() | PER_MILLE, fee=st.integers(0, 500))
    def open_dispute(self, pick, share, fee):
        open_to = [each for each in self.every if each.refundable_minor]
        payment = open_to[pick % len(open_to)]
        amount = None
        if share is not None:
            amount = max(1, payment.refundable_minor * share // 1000), payment.currency
        reference = f"dp_{len(self.posted)}"
        for _ in range(2):
            payment.open_dispute(new_id(), reference, self.now, amount=amount, fee_minor=fee)
        self.save(payment)

    @precondition(lambda self: self.disputed)
    @rule(pick=PICK, won=st.booleans())
    def decide_dispute(self, pick, won):
        payment, dispute = self.disputed[pick % len(self.disputed)]
        for _ in range(2):
            payment.decide_dispute(dispute, won=won)
        self.save(payment)

    @precondition(lambda self: any(self.of("seller_available", each) < 0 for each in CURRENCIES))
    @rule(seller=st.sampled_from(SELLERS), currency=st.sampled_from(CURRENCIES), share=PER_MILLE)
    def request_payout(self, seller, currency, share):
        amount = -self.of("seller_available", currency, seller) * share // 1000
        if amount > 0:
            made = postings.payout_requested(new_id(), seller, amount, currency)
            self.post(made)
            self.payouts.append((made, seller, amount, currency))
            self.on_the_way[currency] += amount

    @precondition(lambda self: self.payouts)
    @rule(succeeds=st.booleans())
    def end_payout(self, succeeds):
        made, seller, amount, currency = self.payouts.pop()
        self.on_the_way[currency] -= amount
        if succeeds:
            self.post(postings.payout_paid(made.reference, seller, amount, currency))
            self.paid_to[currency, seller] += amount
        else:
            self.post(postings.payout_failed(made))

    @invariant()
    def the_balances_are_those_of_the_naive_tally(self):
        for currency in CURRENCIES:
            mine = [each for each in self.every if each.currency == currency]
            opened = [d for each in mine for d in each.disputes if d.status == "opened"]
            lost = [d for each in mine for d in each.disputes if d.status == "lost"]
            fees = sum(d.fee_minor for each in mine for d in each.disputes)
            disputed = sum(d.amount_minor for d in (*opened, *lost))
            captured = sum(each.captured_minor for each in mine)
            refunded = sum(each.refunded_minor for each in mine)
            owed = self.of("provider_receivable", currency) + self.of("cod_receivable", currency)
            assert owed == captured - refunded - disputed - fees
            assert self.of("dispute_fees", currency) == fees
            held = sum(d.amount_minor for d in opened)
            assert self.of("dispute_receivable", currency) == held
            assert self.of("seller_reserve", currency) == -held
            pending = sum(each.refunding_minor for each in mine)
            assert self.of("refund_in_transit", currency) == -pending
            late = sum(each.refundable_minor for each in mine if each.late)
            assert self.of("buyer_clearing", currency) == -late
            assert self.of("payout_in_transit", currency) == -self.on_the_way[currency]
            paid = sum(self.paid_to[currency, seller] for seller in SELLERS)
            assert self.of("bank", currency) == -paid

    @invariant()
    def what_may_go_back_is_never_negative_and_everybody_agrees_on_it(self):
        for each in self.every:
            claimed = each.refunded_minor + each.refunding_minor + each.disputed_minor
            assert 0 <= each.refundable_minor == each.captured_minor - claimed

    @invariant()
    def sellers_have_what_they_earned_less_what_was_taken(self):
        for currency in CURRENCIES:
            for seller in SELLERS:
                pending = available = 0
                for left in self.lines_left(currency, seller):
                    assert min(left.net_minor, left.commission_minor, left.tax_minor) >= 0
                    assert left.commission_tax_minor >= 0
                    if left.released:
                        available += left.net_minor
                    else:
                        pending += left.seller_minor
                assert self.of("seller_pending", currency, seller) == -pending
                sent = self.paid_to[currency, seller]
                sent -= self.of("payout_in_transit", currency, seller)
                assert self.of("seller_available", currency, seller) == sent - available

    def lines_left(self, currency, seller):
        for payment in self.every:
            if payment.currency != currency or not payment.captured_minor or payment.late:
                continue
            yield from payment.lines_left({seller})


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
