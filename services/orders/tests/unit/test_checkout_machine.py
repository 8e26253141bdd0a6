"""The saga as a pure state machine: any answers, in any order, at any time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain import checkout as moves
from orders.domain.checkout import Checkout, Transition
from orders.domain.errors import IllegalTransition, OrderNotCancellable
from orders.domain.outcomes import (
    UNKNOWN,
    Declined,
    Paid,
    PaymentNews,
    PaymentPending,
    Refused,
    Reserved,
)
from orders.domain.saga import (
    AUTHORIZING,
    CANCELLED,
    COMPENSATING,
    CONFIRMING,
    DONE,
    RESERVING,
    SETTLING,
    STEPS,
    WAITING,
    backoff,
)
from orders.domain.statuses import ORDER
from services.orders.tests.builders import NOW, WINDOW, an_id, make_checkout

REFUSED = Refused("conflict", "out_of_stock", "", {"lines": []})
PENDING = PaymentPending("pay_1", "sandbox", "", None)
RESERVES = st.sampled_from([Reserved(), REFUSED, UNKNOWN])
AUTHORIZES = st.sampled_from(
    [Paid("authorized", "pay_1"), Paid("captured", "pay_1"), PENDING, Declined("declined"), UNKNOWN]
)
CAPTURES = st.sampled_from(["captured", "not_required", "failed", "unknown"])
NEWS = st.sampled_from(["authorized", "captured", "failed", "voided", "refunded"])


def step_of(checkout: Checkout) -> str:
    return checkout.saga.step


def news(status: str, sequence: int = 1) -> PaymentNews:
    return PaymentNews("ord_1", "pay_1", status, "", sequence)


def authorizing(**values) -> Checkout:
    return moves.after_reserve(make_checkout(**values), Reserved(), NOW).after


def confirmed() -> Checkout:
    return moves.after_authorize(authorizing(), Paid("authorized", "pay_1"), NOW).after


def test_the_straight_way() -> None:
    checkout = make_checkout()
    assert step_of(checkout) == RESERVING
    checkout = authorizing()
    assert step_of(checkout) == AUTHORIZING
    transition = moves.after_authorize(checkout, Paid("authorized", "pay_1"), NOW)
    assert (step_of(transition.after), transition.event) == (SETTLING, "order_confirmed")
    assert transition.after.order.status == "confirmed"
    transition = moves.after_settling(transition.after, "captured", NOW)
    assert (step_of(transition.after), transition.event) == (DONE, "order_payment_changed")
    assert transition.after.saga.method is None


def test_an_order_that_awaits_its_payment_says_what_to_do() -> None:
    transition = moves.after_authorize(authorizing(), PENDING, NOW)
    order = transition.after.order
    assert (order.status, step_of(transition.after)) == ("awaiting_payment", WAITING)
    assert order.next_action is not None
    assert order.next_action.expires_at == order.expires_at


@pytest.mark.parametrize("lost", ["failed", "voided"])
def test_a_declined_order_knows_its_payment_whichever_way_it_was_told(lost: str) -> None:
    """Before the answer, instead of it, after it, or while the buyer should act."""
    answered = moves.after_authorize(authorizing(), Declined("declined"), NOW).after
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    for checkout in (make_checkout(), authorizing(), answered, waiting):
        told = moves.after_payment_news(checkout, news(lost), NOW)
        assert told is not None
        assert (told.after.order.status, told.after.order.payment_status) == ("cancelled", lost)


def test_money_that_comes_too_late_confirms_nothing() -> None:
    late = PaymentNews("ord_1", "pay_1", "captured", "", 3, goes_back=True)
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    for checkout in (waiting, authorizing(), confirmed()):
        told = moves.after_payment_news(checkout, late, NOW)
        assert told is not None
        assert (told.after.order.status, step_of(told.after)) == ("cancelled", COMPENSATING)


def test_a_refusal_is_kept_for_its_key() -> None:
    order = moves.after_reserve(make_checkout(), REFUSED, NOW).after.order
    assert order.refusal is not None
    assert (order.refusal.code, order.refusal.extra["order_id"]) == ("out_of_stock", order.id)


def test_an_unknown_answer_is_asked_for_again_after_a_growing_pause() -> None:
    checkout, pauses, now = authorizing(), [], NOW
    for _ in range(6):
        checkout = moves.after_authorize(checkout, UNKNOWN, now).after
        pauses.append((checkout.saga.next_attempt_at - now).total_seconds())
        now = checkout.saga.next_attempt_at
    assert pauses == [0.5, 1, 2, 4, 8, 10]
    assert backoff(10_000).total_seconds() == 10


def test_unknown_past_its_expiry_is_cancelled() -> None:
    late = NOW + WINDOW
    for checkout, after in (
        (make_checkout(), moves.after_reserve(make_checkout(), UNKNOWN, late)),
        (authorizing(), moves.after_authorize(authorizing(), UNKNOWN, late)),
    ):
        assert checkout.order.status == "pending"
        assert (after.after.order.cancel_reason, step_of(after.after)) == ("expired", COMPENSATING)


def test_a_late_success_is_confirmed_if_nobody_cancelled() -> None:
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    transition = moves.after_authorize(waiting, Paid("captured", "pay_1"), NOW + WINDOW)
    assert transition.after.order.status == "confirmed"


def test_a_hold_that_may_have_ended_is_renewed_before_confirming() -> None:
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    much_later = NOW + WINDOW + moves.HOLD_GRACE
    kept = moves.after_authorize(waiting, Paid("authorized", "pay_1"), much_later)
    assert (step_of(kept.after), kept.after.order.status) == (CONFIRMING, "awaiting_payment")
    sold_out = moves.after_hold_renewed(kept.after, REFUSED, much_later)
    assert (step_of(sold_out.after), sold_out.after.order.status) == (COMPENSATING, "cancelled")
    held = moves.after_hold_renewed(kept.after, Reserved(), much_later)
    assert (step_of(held.after), held.after.order.status) == (SETTLING, "confirmed")


def test_what_was_confirmed_leaves_its_cart_closed() -> None:
    assert not moves.reopens_cart(moves.cancel(confirmed(), "x", NOW).after)
    assert moves.reopens_cart(moves.cancel(authorizing(), "x", NOW).after)


def test_only_what_stands_can_be_cancelled() -> None:
    cancelled = moves.cancel(confirmed(), "x", NOW).after
    with pytest.raises(OrderNotCancellable):
        moves.cancel(cancelled, "x", NOW)


def test_news_is_left_alone_while_the_request_itself_asks() -> None:
    assert moves.after_payment_news(authorizing(), news("authorized"), NOW) is None
    asked_in_vain = moves.after_authorize(authorizing(), UNKNOWN, NOW).after
    told = moves.after_payment_news(asked_in_vain, news("authorized"), NOW)
    assert told is not None
    assert told.after.order.status == "confirmed"


def test_a_confirmed_order_that_loses_its_payment_is_cancelled() -> None:
    told = moves.after_payment_news(confirmed(), news("voided"), NOW)
    assert told is not None
    assert (told.after.order.status, told.after.order.payment_status) == ("cancelled", "voided")


def confirming() -> Checkout:
    """Paid so late that the hold may have ended."""
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    late = NOW + WINDOW + moves.HOLD_GRACE
    return moves.after_authorize(waiting, Paid("authorized", "pay_1"), late).after


@pytest.mark.parametrize("status", ["failed", "voided"])
def test_a_payment_lost_while_the_stock_is_asked_for_again_cancels(status: str) -> None:
    told = moves.after_payment_news(confirming(), news(status), NOW)
    assert told is not None
    assert (told.after.order.status, step_of(told.after)) == ("cancelled", COMPENSATING)


def test_a_payment_captured_while_the_stock_is_asked_for_again_is_known() -> None:
    told = moves.after_payment_news(confirming(), news("captured"), NOW)
    assert told is not None
    assert (told.after.order.payment_status, step_of(told.after)) == ("captured", CONFIRMING)


def test_older_news_is_not_taken_for_a_won_dispute() -> None:
    settled = moves.after_settling(confirmed(), "captured", NOW).after
    disputed = moves.after_payment_news(settled, news("charged_back", 3), NOW)
    assert disputed is not None
    assert moves.after_payment_news(disputed.after, news("captured", 2), NOW) is None
    won = moves.after_payment_news(disputed.after, news("captured", 4), NOW)
    assert won is not None
    assert (won.after.order.payment_status, won.event) == ("captured", "order_payment_changed")


def test_a_refused_capture_leaves_it_to_payments_to_say_what_became_of_the_money() -> None:
    refused = moves.after_settling(confirmed(), "failed", NOW).after
    assert (refused.order.cancel_reason, refused.order.payment_status) == (
        "capture_failed",
        "authorized",
    )
    for status in ("failed", "voided"):
        told = moves.after_payment_news(refused, news(status), NOW)
        assert told is not None
        assert told.after.order.payment_status == status


def test_nothing_is_begun_once_the_time_to_pay_is_over() -> None:
    late = NOW + WINDOW
    waiting = moves.after_authorize(authorizing(), PENDING, NOW).after
    assert moves.is_overdue(make_checkout(), late)
    assert moves.is_overdue(authorizing(), late)
    assert not moves.is_overdue(authorizing(), NOW)
    assert not moves.is_overdue(waiting, late)


def test_the_history_has_every_step_and_one_try_in_vain() -> None:
    checkout = authorizing()
    for _ in range(3):
        checkout = moves.after_authorize(checkout, UNKNOWN, NOW).after
    checkout = moves.after_authorize(checkout, Paid("authorized", "pay_1"), NOW).after
    assert [(taken.step, taken.note) for taken in checkout.saga.history] == [
        ("placing", ""),
        ("reserving", ""),
        ("authorizing", ""),
        ("authorizing", "no_answer"),
        ("confirming", ""),
        ("settling", ""),
    ]


def test_a_cancelled_order_only_records_what_happens_to_its_money() -> None:
    cancelled = moves.cancel(authorizing(), "x", NOW).after
    told = moves.after_payment_news(cancelled, news("captured"), NOW)
    assert told is not None
    assert (told.after.order.status, told.after.order.payment_status) == ("cancelled", "captured")
    assert step_of(told.after) == COMPENSATING


def answered(data: st.DataObject, checkout: Checkout, now) -> Transition | None:
    """Take the step that the saga is at, with any answer."""
    match step_of(checkout):
        case "reserving":
            return moves.after_reserve(checkout, data.draw(RESERVES), now)
        case "authorizing" | "waiting":
            return moves.after_authorize(checkout, data.draw(AUTHORIZES), now)
        case "confirming" if moves.hold_is_live(checkout, now):
            return moves.confirm(checkout, now, now)
        case "confirming":
            return moves.after_hold_renewed(checkout, data.draw(RESERVES), now)
        case "settling":
            if data.draw(st.booleans()):
                return moves.after_hold_lost(checkout, data.draw(RESERVES), now)
            return moves.after_settling(checkout, data.draw(CAPTURES), now)
        case "compensating":
            return moves.after_compensation(checkout, data.draw(st.booleans()), now)
        case _:
            return None


@given(st.data())
def test_any_history_keeps_the_promises(data: st.DataObject) -> None:
    checkout, now = make_checkout(), NOW
    for turn in range(data.draw(st.integers(1, 25))):
        now += timedelta(seconds=data.draw(st.sampled_from([0, 1, 600, 7200])))
        action = data.draw(st.sampled_from(["step", "step", "step", "news", "cancel"]))
        transition: Transition | None
        try:
            if action == "step":
                transition = answered(data, checkout, now)
            elif action == "news":
                transition = moves.after_payment_news(checkout, news(data.draw(NEWS), turn), now)
            else:
                transition = moves.cancel(checkout, "changed_mind", now)
        except (OrderNotCancellable, IllegalTransition):
            assert action != "step"
            continue
        if transition is None:
            continue
        check(transition)
        checkout = transition.after


def check(transition: Transition) -> None:
    before, after = transition.before, transition.after
    order, saga = after.order, after.saga
    if order.status != before.order.status:
        assert order.status in ORDER[before.order.status]
        assert transition.event is not None
        assert {part.status for part in order.seller_orders} == {order.status}
    assert order.version == before.order.version + (order is not before.order)
    reachable = {saga.step, *STEPS[before.saga.step]}
    assert saga.step == before.saga.step or saga.step in reachable | {SETTLING}
    # A saga is due until it ends, and it ends as its order did.
    assert (saga.next_attempt_at is None) == (saga.step in {DONE, CANCELLED})
    assert (order.status == "cancelled") == (saga.step in {COMPENSATING, CANCELLED})
    assert (order.status == "confirmed") == (saga.step in {SETTLING, DONE})
    assert order.undecided == (order.status in {"pending", "awaiting_payment"})


def test_parts_add_up_to_the_order() -> None:
    order = make_checkout(quantity=3).order
    assert sum(part.totals.total for part in order.seller_orders) == order.totals.total
    assert an_id("ord") != order.id
