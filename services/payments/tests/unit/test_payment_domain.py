"""What may happen to a payment, and what it leaves in the ledger."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.ids import new_id
from payments.domain import events, status
from payments.domain.errors import (
    AmountInvalid,
    CurrencyMismatch,
    IllegalTransition,
    LedgerUnbalanced,
    OrderClosed,
    RefundExceedsCaptured,
    RefundItemUnknown,
    SplitsDoNotAddUp,
)
from payments.domain.ledger import Account, posting
from payments.domain.payment import ProviderState
from payments.domain.splits import check_splits
from services.payments.tests.builders import NOW, OTHER_SELLER, SELLER, make_payment, make_split

AUTHORIZED = ProviderState("authorized")
CAPTURED = ProviderState("captured")


def captured_payment(*splits):
    payment = make_payment(*splits)
    payment.learn(AUTHORIZED, NOW)
    payment.learn(CAPTURED, NOW)
    return payment


def balances(payment):
    sums = Counter()
    for each in payment.postings:
        for account, amount_minor in each.entries:
            sums[account.kind, account.owner] += amount_minor
    return {key: value for key, value in sums.items() if value}


@pytest.mark.parametrize("current", status.TRANSITIONS)
@pytest.mark.parametrize("wanted", status.TRANSITIONS)
def test_only_moves_of_the_table_are_possible(current, wanted):
    if wanted in status.TRANSITIONS[current]:
        assert status.move(current, wanted) == wanted
    else:
        with pytest.raises(IllegalTransition):
            status.move(current, wanted)


def test_capture_divides_the_money_among_those_who_earned_it():
    payment = captured_payment(
        make_split("item_a", SELLER, goods_minor=1000, tax_minor=160, shipping_minor=50),
        make_split(
            "item_b",
            OTHER_SELLER,
            goods_minor=2000,
            discount_minor=300,
            discount_funder="platform",
            duty_minor=40,
        ),
        make_split("item_c", SELLER, goods_minor=500, discount_minor=100, discount_funder="seller"),
    )
    assert balances(payment) == {
        ("provider_receivable", "sandbox"): payment.amount_minor,
        ("promo_expense", "platform"): 300,
        ("seller_pending", SELLER): -(1050 + 400),
        ("seller_pending", OTHER_SELLER): -2000,
        ("tax_payable", "platform"): -160,
        ("duty_payable", "platform"): -40,
    }


def test_an_unbalanced_posting_is_refused():
    with pytest.raises(LedgerUnbalanced):
        posting("x", new_id(), [(Account("a", "b", "KES"), 1), (Account("c", "d", "USD"), -1)])


def test_an_old_answer_changes_nothing():
    payment = captured_payment()
    payment.saved()
    payment.learn(AUTHORIZED, NOW)
    payment.learn(ProviderState("pending"), NOW)
    payment.learn(ProviderState("not_found"), NOW)
    assert (payment.status, payment.events, payment.touched) == ("captured", [], False)


def test_a_provider_that_denies_captured_money_raises():
    with pytest.raises(IllegalTransition):
        captured_payment().learn(ProviderState("voided"), NOW)


def test_money_that_comes_after_failure_is_not_divided_but_given_back():
    payment = make_payment()
    payment.learn(ProviderState("declined", "declined"), NOW)
    payment.learn(CAPTURED, NOW)
    assert payment.late
    assert payment.must_refund_rest
    refund = payment.refund_rest(new_id(), NOW)
    payment.settle_refund(refund.id)
    assert payment.status == "refunded"
    assert balances(payment) == {}


def test_a_closed_order_is_not_told_of_its_authorization():
    payment = make_payment(closed_at=NOW)
    payment.learn(AUTHORIZED, NOW)
    payment.learn(ProviderState("voided"), NOW)
    assert payment.events == [events.PaymentVoided()]


def test_a_call_that_never_arrived_fails_after_a_while():
    payment = make_payment()
    payment.learn(ProviderState("not_found"), NOW + timedelta(seconds=9))
    assert payment.status == "none"
    payment.learn(ProviderState("not_found"), NOW + timedelta(seconds=10))
    assert payment.events == [events.PaymentFailed("not_received")]


def test_a_payment_that_waits_for_its_buyer_too_long_expires():
    payment = make_payment()
    payment.learn(ProviderState("pending"), NOW, 60)
    payment.learn(ProviderState("pending"), NOW + timedelta(seconds=61), 60)
    assert (payment.status, payment.failure) == ("failed", "expired")


def test_only_one_call_may_be_under_way():
    payment = make_payment()
    assert not payment.start_call(NOW + timedelta(seconds=1))
    payment.lose_answer()
    assert payment.start_call(NOW + timedelta(seconds=1))
    assert not payment.start_call(NOW + timedelta(seconds=2))
    assert payment.start_call(NOW + timedelta(seconds=6))


def test_checks_in_vain_come_at_growing_distance():
    payment = make_payment()
    payment.lose_answer()
    pauses = []
    for checks in (0, 1, 2, 6, 60):
        payment.checks = checks
        check_at = payment.next_check_at(NOW)
        assert check_at is not None
        pauses.append((check_at - NOW).total_seconds())
    assert pauses == [1, 2, 4, 64, 64]


def test_items_are_refunded_at_their_price_and_the_last_takes_the_rest():
    payment = captured_payment(make_split("item_a", goods_minor=1000, quantity=3, tax_minor=1))
    refunds = [
        payment.request_refund(new_id(), "broken", NOW, items={"item_a": 1}) for _ in range(3)
    ]
    assert [refund.amount_minor for refund in refunds] == [334, 333, 334]
    with pytest.raises(RefundExceedsCaptured):
        payment.request_refund(new_id(), "broken", NOW, items={"item_a": 1})


def test_a_seller_refunds_its_own_part_only():
    payment = captured_payment(
        make_split("item_a", SELLER), make_split("item_b", OTHER_SELLER, goods_minor=5000)
    )
    with pytest.raises(RefundExceedsCaptured):
        payment.request_refund(new_id(), "", NOW, amount=(1001, "KES"), sellers={SELLER})
    with pytest.raises(RefundItemUnknown):
        payment.request_refund(new_id(), "", NOW, items={"item_b": 1}, sellers={SELLER})
    assert payment.request_refund(new_id(), "", NOW, sellers={SELLER}).amount_minor == 1000


def test_pending_refunds_count_and_failed_ones_do_not():
    payment = captured_payment()
    first = payment.request_refund(new_id(), "", NOW, amount=(700, "KES"))
    with pytest.raises(RefundExceedsCaptured) as error:
        payment.request_refund(new_id(), "", NOW, amount=(301, "KES"))
    assert error.value.extra == {"refundable_minor": 300}
    payment.fail_refund(first.id)
    payment.fail_refund(first.id)
    again = payment.request_refund(new_id(), "", NOW, amount=(1000, "KES"))
    payment.settle_refund(again.id)
    payment.settle_refund(again.id)
    assert payment.status == "refunded"
    assert balances(payment) == {}


def test_impossible_refunds_are_refused():
    payment = captured_payment()
    with pytest.raises(CurrencyMismatch):
        payment.request_refund(new_id(), "", NOW, amount=(1, "USD"))
    for amount_minor in (0, -5):
        with pytest.raises(AmountInvalid):
            payment.request_refund(new_id(), "", NOW, amount=(amount_minor, "KES"))
    for items in ({"item_x": 1}, {"item_a": 0}, {"item_a": -1}):
        with pytest.raises(RefundItemUnknown):
            payment.request_refund(new_id(), "", NOW, items=items)
    with pytest.raises(RefundExceedsCaptured):
        make_payment().request_refund(new_id(), "", NOW)
    payment.closed_at = NOW
    with pytest.raises(OrderClosed):
        payment.request_refund(new_id(), "", NOW)


@pytest.mark.parametrize(
    ("parts", "amount_minor"),
    [
        ({"goods_minor": 1000}, 999),
        ({"goods_minor": -1}, -1),
        ({"goods_minor": 10, "discount_minor": 11, "discount_funder": "platform"}, -1),
        ({"goods_minor": 10, "discount_minor": 1}, 9),
        ({"goods_minor": 10, "discount_minor": 1, "discount_funder": "bank"}, 9),
        ({"goods_minor": 10, "quantity": 0}, 10),
        ({"goods_minor": 2**53}, 2**53),
    ],
)
def test_impossible_splits_are_refused(parts, amount_minor):
    with pytest.raises(SplitsDoNotAddUp):
        check_splits([make_split(**parts)], amount_minor)


MINOR = st.integers(min_value=0, max_value=10**7)


@st.composite
def splits(draw):
    lines = []
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        goods = draw(MINOR)
        lines.append(
            make_split(
                f"item_{number}",
                draw(st.sampled_from([SELLER, OTHER_SELLER])),
                quantity=draw(st.integers(min_value=1, max_value=5)),
                goods_minor=goods,
                discount_minor=draw(st.integers(min_value=0, max_value=goods)),
                discount_funder=draw(st.sampled_from(["seller", "platform"])),
                shipping_minor=draw(MINOR),
                tax_minor=draw(MINOR),
                duty_minor=draw(MINOR),
            )
        )
    return lines


@settings(deadline=None)
@given(lines=splits(), data=st.data())
def test_refunds_never_exceed_and_the_ledger_ends_at_zero(lines, data):
    """Any mix of refunds, some of which fail; then the rest: nothing is left anywhere."""
    if sum(line.amount_minor for line in lines) == 0:
        return
    payment = captured_payment(*lines)
    for _ in range(data.draw(st.integers(min_value=0, max_value=6))):
        sellers = data.draw(st.sampled_from([None, {SELLER}, {OTHER_SELLER}]))
        amount = data.draw(st.one_of(st.none(), st.integers(1, 2 * 10**7)))
        items = data.draw(
            st.dictionaries(
                st.sampled_from([line.line_id for line in lines]), st.integers(1, 5), max_size=3
            )
        )
        try:
            refund = payment.request_refund(
                new_id(),
                "",
                NOW,
                amount=None if amount is None else (amount, "KES"),
                items=items,
                sellers=sellers,
            )
        except (RefundExceedsCaptured, RefundItemUnknown):
            continue
        assert all(
            min(line.seller_minor, line.tax_minor, line.duty_minor, line.promo_minor) >= 0
            for line in refund.lines
        )
        fails = data.draw(st.booleans())
        payment.fail_refund(refund.id) if fails else payment.settle_refund(refund.id)
        assert 0 <= payment.refundable_minor <= payment.captured_minor
    payment.closed_at = NOW
    if payment.must_refund_rest:
        payment.settle_refund(payment.refund_rest(new_id(), NOW).id)
    assert payment.status == "refunded"
    left = balances(payment)
    assert not {key: value for key, value in left.items() if key[0] == "provider_receivable"}
    assert not {key: value for key, value in left.items() if key[0].endswith("_payable")}
