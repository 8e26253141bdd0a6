"""What becomes of sellers' parts: delivery, commission, refunds after it, disputes, cash."""

from collections import Counter
from datetime import timedelta

import pytest

from chassis.ids import new_id
from payments.domain import postings
from payments.domain.commission import CommissionRule, RuleBook
from payments.domain.deliveries import Delivery
from payments.domain.errors import (
    CommissionRuleInvalid,
    CurrencyMismatch,
    DisputeDecided,
    DisputeExceedsCaptured,
    LedgerUnbalanced,
    RefundExceedsCaptured,
)
from payments.domain.payment import ProviderState
from services.payments.tests.builders import NOW, OTHER_SELLER, SELLER, make_payment, make_split

LATER = NOW + timedelta(days=7)
TEN_PERCENT = {"commission_bps": 1000, "commission_tax_bps": 1600}


def captured(*splits, **values):
    payment = make_payment(*splits, **values)
    payment.learn(ProviderState("captured"), NOW)
    return payment


def cash(*splits):
    payment = make_payment(*splits, provider=postings.CASH)
    payment.attempt = None
    return payment


def deliver(payment, seller=SELLER):
    payment.deliveries.append(Delivery("sor_" + seller[4:], NOW, LATER))


def release(payment, seller=SELLER):
    deliver(payment, seller)
    payment.account_for_deliveries(LATER)


def balances(payment):
    sums = Counter()
    for each in payment.postings:
        for account, amount_minor in each.entries:
            sums[account.kind] += amount_minor
    return {kind: value for kind, value in sums.items() if value}


def rule(rate_bps, seller="", category="", tax_bps=0):
    return CommissionRule(new_id(), seller, category, rate_bps, tax_bps)


def test_the_rule_that_says_most_is_taken():
    rules = [rule(1, SELLER, "cat_a"), rule(2, SELLER), rule(3, "", "cat_a")]
    book = RuleBook(rules, rule(4))
    asked = [(SELLER, "cat_a"), (SELLER, "cat_b"), (OTHER_SELLER, "cat_a"), (OTHER_SELLER, "")]
    assert [book.rule_for(*each).rate_bps for each in asked] == [1, 2, 3, 4]
    assert RuleBook([rule(5)], rule(4)).rule_for(SELLER, "").rate_bps == 5


@pytest.mark.parametrize(("rate", "tax"), [(-1, 0), (10_001, 0), (0, -1), (9000, 2000)])
def test_a_commission_of_more_than_everything_is_refused(rate, tax):
    with pytest.raises(CommissionRuleInvalid):
        rule(rate, tax_bps=tax).check()


def test_a_seller_gets_its_part_less_commission_when_the_hold_is_over():
    payment = captured(make_split(goods_minor=1005, **TEN_PERCENT))
    deliver(payment)
    payment.account_for_deliveries(LATER - timedelta(seconds=1))
    assert balances(payment)["seller_pending"] == -1005
    assert payment.next_check_at(NOW) == LATER
    for _ in range(2):
        payment.account_for_deliveries(LATER)
    assert balances(payment) == {
        "provider_receivable": 1005,
        "commission_revenue": -101,
        "commission_tax": -16,
        "seller_available": -888,
    }
    assert payment.next_check_at(LATER) is None


def test_only_the_delivered_seller_order_is_released():
    payment = captured(make_split("item_a"), make_split("item_b", OTHER_SELLER, goods_minor=70))
    release(payment)
    assert balances(payment)["seller_pending"] == -70


def test_what_was_refunded_before_earns_no_commission():
    payment = captured(make_split(**TEN_PERCENT))
    payment.settle_refund(payment.request_refund(new_id(), "", NOW, amount=(400, "KES")).id)
    release(payment)
    assert balances(payment)["commission_revenue"] == -60


def test_a_refund_after_the_release_takes_the_commission_back_with_it():
    payment = captured(make_split(quantity=3, **TEN_PERCENT))
    release(payment)
    for _ in range(3):
        refund = payment.request_refund(new_id(), "", NOW, items={"item_a": 1})
        payment.settle_refund(refund.id)
    assert balances(payment) == {}


def test_a_refund_after_the_payout_leaves_the_seller_below_zero():
    payment = captured(make_split(**TEN_PERCENT))
    release(payment)
    available = -balances(payment)["seller_available"]
    payment.postings.append(postings.payout_requested(new_id(), SELLER, available, "KES"))
    payment.settle_refund(payment.request_refund(new_id(), "", NOW).id)
    assert balances(payment)["seller_available"] == available


def test_a_refund_that_fails_after_the_release_is_released_too():
    payment = captured(make_split(**TEN_PERCENT))
    refund = payment.request_refund(new_id(), "", NOW, amount=(400, "KES"))
    release(payment)
    payment.fail_refund(refund.id)
    assert balances(payment) == {
        "provider_receivable": 1000,
        "commission_revenue": -100,
        "commission_tax": -16,
        "seller_available": -884,
    }
    payment.settle_refund(payment.request_refund(new_id(), "", NOW).id)
    assert balances(payment) == {}


def test_a_dispute_holds_what_a_refund_would_take_and_is_lost():
    payment = captured(make_split(tax_minor=160, **TEN_PERCENT))
    release(payment)
    dispute = payment.open_dispute(new_id(), "dp_1", NOW, fee_minor=15)
    assert payment.status == "charged_back"
    assert payment.refundable_minor == 0
    assert balances(payment) == {
        "dispute_receivable": 1160,
        "dispute_fees": 15,
        "provider_receivable": -15,
        "seller_reserve": -1160,
    }
    for _ in range(2):
        payment.decide_dispute(dispute, won=False)
    assert balances(payment) == {"dispute_fees": 15, "provider_receivable": -15}
    assert payment.given_back
    with pytest.raises(DisputeDecided):
        payment.decide_dispute(dispute, won=True)


def test_a_dispute_that_is_won_after_the_release_is_released_too():
    payment = captured(make_split(**TEN_PERCENT))
    dispute = payment.open_dispute(new_id(), "dp_1", NOW, amount=(300, "KES"))
    release(payment)
    payment.decide_dispute(dispute, won=True)
    assert payment.status == "captured"
    assert balances(payment) == {
        "provider_receivable": 1000,
        "commission_revenue": -100,
        "commission_tax": -16,
        "seller_available": -884,
    }


def test_a_dispute_is_noted_once_and_never_exceeds_what_is_left():
    payment = captured()
    payment.request_refund(new_id(), "", NOW, amount=(600, "KES"))
    with pytest.raises(DisputeExceedsCaptured):
        payment.open_dispute(new_id(), "dp_1", NOW, amount=(401, "KES"))
    with pytest.raises(CurrencyMismatch):
        payment.open_dispute(new_id(), "dp_1", NOW, amount=(1, "USD"))
    first = payment.open_dispute(new_id(), "dp_1", NOW, amount=(400, "KES"))
    assert payment.open_dispute(new_id(), "dp_1", NOW) is first
    with pytest.raises(DisputeDecided):
        payment.open_dispute(new_id(), "dp_1", NOW, amount=(1, "KES"))
    with pytest.raises(RefundExceedsCaptured):
        payment.request_refund(new_id(), "", NOW, amount=(1, "KES"))


def test_a_dispute_of_late_money_is_held_of_nobodys_part():
    payment = make_payment()
    payment.learn(ProviderState("declined", "declined"), NOW)
    payment.learn(ProviderState("captured"), NOW)
    payment.decide_dispute(payment.open_dispute(new_id(), "dp_1", NOW), won=True)
    payment.settle_refund(payment.refund_rest(new_id(), NOW).id)
    assert balances(payment) == {}


def test_cash_is_collected_per_seller_order():
    payment = cash(make_split("item_a"), make_split("item_b", OTHER_SELLER, goods_minor=70))
    deliver(payment)
    assert payment.next_check_at(NOW) == NOW
    for _ in range(2):
        payment.account_for_deliveries(NOW)
    assert (payment.status, payment.captured_minor) == ("captured", 1000)
    assert balances(payment) == {"cod_receivable": 1000, "seller_pending": -1000}
    with pytest.raises(RefundExceedsCaptured):
        payment.request_refund(new_id(), "", NOW, amount=(1001, "KES"))
    deliver(payment, OTHER_SELLER)
    payment.account_for_deliveries(NOW)
    assert payment.captured_minor == 1070


def test_a_refund_of_one_seller_order_takes_of_its_lines_only():
    payment = captured(make_split("item_a"), make_split("item_b", OTHER_SELLER, goods_minor=70))
    of_other = {"seller_order_id": "sor_" + OTHER_SELLER[4:]}
    with pytest.raises(RefundExceedsCaptured):
        payment.request_refund(new_id(), "", NOW, amount=(71, "KES"), **of_other)
    refund = payment.request_refund(new_id(), "", NOW, **of_other)
    assert [line.line_id for line in refund.lines] == ["item_b"]


def test_nothing_moves_when_the_ledger_and_the_payment_disagree():
    payment = captured()
    payment.saved()
    payment.booked_minor -= 1
    with pytest.raises(LedgerUnbalanced):
        payment.request_refund(new_id(), "", NOW, amount=(5, "KES"))


def test_a_settlement_in_another_currency_goes_through_the_exchange():
    made = postings.settlement(new_id(), "stripe", (13_000, "KES"), (100, "USD"))
    entries = {(each.kind, each.currency): minor for each, minor in made.entries}
    assert entries == {
        ("bank", "USD"): 100,
        ("fx_clearing", "USD"): -100,
        ("fx_clearing", "KES"): 13_000,
        ("provider_receivable", "KES"): -13_000,
    }


def test_fees_and_remitted_cash_come_out_of_what_is_owed():
    fee = postings.provider_fee(new_id(), postings.CASH, 30, "KES")
    remitted = postings.settlement(new_id(), postings.CASH, (970, "KES"), (970, "KES"))
    sums = Counter()
    for each in (fee, remitted):
        for account, minor in each.entries:
            sums[account.kind] += minor
    assert sums == {"cod_fees": 30, "bank": 970, "cod_receivable": -1000}
