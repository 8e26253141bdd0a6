"""The use cases against a provider that loses answers, changes its mind and is slow."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.actor import Actor
from chassis.errors import ServiceError
from chassis.ids import new_id
from payments.app import settle
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.domain import events
from payments.domain.errors import (
    MethodUnavailable,
    OrderClosed,
    PaymentDiffers,
    RefundExceedsCaptured,
)
from payments.domain.payment import ProviderState
from services.payments.tests.builders import (
    OTHER_SELLER,
    SELLER,
    make_order,
    make_payment,
    make_split,
)
from services.payments.tests.fakes import CAPABLE

OPERATOR = Actor(kind="account", account_id="usr_operator", roles=frozenset({"operator"}))
ORDERS = Actor(kind="service", service="orders")
MEMBER = Actor(kind="account", account_id="usr_member")


def again(payment):
    """The command that opened a payment."""
    return make_order("tok_success", *payment.splits, order_id=payment.order_id)


async def captured(desk, *splits):
    order = make_order("tok", *splits)
    await desk.authorize.handle(order)
    await desk.capture.handle(CaptureOrders((order.order_id,)))
    return order


def refund_of(order, **values):
    parts = {"amount": None, "items": {}, "reason": "r", "refund_id": new_id()}
    return CreateRefund(order_id=order.order_id, **{**parts, **values})


async def run_until_quiet(desk, seconds=120):
    """Let the resolver work as the clock goes on."""
    for _ in range(seconds):
        desk.clock.advance(timedelta(seconds=1))
        await desk.resolve.handle()


async def test_an_authorization_is_answered_and_told_once(desk, memory, provider):
    order = make_order()
    first = await desk.authorize.handle(order)
    second = await desk.authorize.handle(order)
    assert first == second
    assert first.outcome == "authorized"
    assert memory.events == [(order.order_id, events.PaymentAuthorized())]
    assert provider.calls == {"create": 1}


async def test_many_at_once_share_one_call_of_the_provider(desk, provider):
    order = make_order()
    answers = await asyncio.gather(*(desk.authorize.handle(order) for _ in range(100)))
    assert {answer.outcome for answer in answers} == {"authorized"}
    assert provider.calls["create"] == 1


async def test_a_caller_who_leaves_does_not_stop_the_others(desk, provider):
    order, go_on = make_order(), asyncio.Event()
    provider.before_answer = lambda _: go_on.wait()
    leaving = asyncio.create_task(desk.authorize.handle(order))
    staying = asyncio.create_task(desk.authorize.handle(order))
    while not provider.calls["create"]:
        await asyncio.sleep(0)
    leaving.cancel()
    go_on.set()
    assert (await staying).outcome == "authorized"


async def test_a_lost_answer_is_unknown_and_found_when_asked_again(desk, provider):
    order = make_order()
    provider.away = {"create"}
    assert (await desk.authorize.handle(order)).outcome == "unknown"
    assert (await desk.authorize.handle(order)).outcome == "authorized"
    assert provider.calls == {"create": 1, "find": 1}


async def test_who_asks_again_need_not_name_the_method(desk, provider):
    order = make_order()
    question = replace(order, method_type="", token="")
    with pytest.raises(MethodUnavailable):
        await desk.authorize.handle(question)
    provider.away = {"create"}
    await desk.authorize.handle(order)
    assert (await desk.authorize.handle(question)).outcome == "authorized"


async def test_a_lost_answer_is_resolved_though_nobody_asks(desk, memory, provider):
    order = make_order()
    provider.away = {"create"}
    await desk.authorize.handle(order)
    await run_until_quiet(desk, 3)
    assert memory.events == [(order.order_id, events.PaymentAuthorized())]


async def test_a_silent_provider_is_not_waited_for_longer_than_the_limit(
    desk, provider, monkeypatch
):
    monkeypatch.setattr(settle, "PROVIDER_TIMEOUT_S", 0.01)
    provider.before_answer = lambda _: asyncio.Event().wait()
    assert (await desk.authorize.handle(make_order())).outcome == "unknown"


async def test_a_call_that_failed_is_sent_again_under_the_same_id(desk, provider):
    order = make_order()
    provider.refused = {"create"}
    for _ in range(3):
        assert (await desk.authorize.handle(order)).outcome == "unknown"
    provider.refused = set()
    assert (await desk.authorize.handle(order)).outcome == "authorized"
    assert len(provider.state) == 1


async def test_a_provider_that_would_pay_twice_is_never_called_twice(desk, memory, provider):
    provider.capabilities = type(CAPABLE)(
        **{
            name: getattr(CAPABLE, name)
            for name in CAPABLE.__slots__
            if name != "idempotent_create"
        },
        idempotent_create=False,
    )
    order = make_order()
    provider.refused = {"create"}
    await desk.authorize.handle(order)
    await run_until_quiet(desk, 30)
    assert provider.calls["create"] == 1
    assert memory.events == [(order.order_id, events.PaymentFailed("not_received"))]
    assert (await desk.authorize.handle(order)).outcome == "declined"


@pytest.mark.parametrize("reached", [True, False])
async def test_a_crash_before_the_answer_is_recorded_loses_nothing(desk, memory, provider, reached):
    payment = make_payment()
    await memory.open(payment)
    if reached:
        await provider.create(settle.as_asked_for(payment))
    assert (await desk.authorize.handle(again(payment))).outcome == (
        "authorized" if reached else "unknown"
    )
    await run_until_quiet(desk, 10)
    assert memory.events == [(payment.order_id, events.PaymentAuthorized())]
    assert provider.calls["create"] == 1


async def test_declines_say_why(desk, provider):
    provider.outcome = "declined"
    answer = await desk.authorize.handle(make_order())
    assert (answer.outcome, answer.decline_reason) == ("declined", "declined")


async def test_cash_on_delivery_and_nothing_to_pay_need_no_provider(desk, provider):
    cash = make_order(method_type="cash_on_delivery")
    free = make_order("tok", make_split(goods_minor=0))
    for order in (cash, free):
        assert (await desk.authorize.handle(order)).outcome == "not_required"
        done = await desk.capture.handle(CaptureOrders((order.order_id,)))
        assert done == {order.order_id: "not_required"}
        assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "none")
    assert not provider.calls


async def test_wrong_methods_and_other_amounts_are_refused(desk):
    with pytest.raises(MethodUnavailable):
        await desk.authorize.handle(make_order(method_type="barter"))
    order = make_order()
    await desk.authorize.handle(order)
    with pytest.raises(PaymentDiffers):
        await desk.authorize.handle(
            make_order("tok", make_split(goods_minor=5), order_id=order.order_id)
        )


async def test_after_a_cancellation_nothing_is_authorized(desk, provider):
    order = make_order()
    assert await desk.cancel.handle(CancelPayment(order.order_id, "sold out")) == (True, "none")
    assert await desk.cancel.handle(CancelPayment(order.order_id, "sold out")) == (True, "none")
    with pytest.raises(OrderClosed):
        await desk.authorize.handle(order)
    assert not provider.calls


async def test_an_authorization_is_voided(desk, memory, provider):
    order = make_order()
    await desk.authorize.handle(order)
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "voided")
    assert memory.events[-1] == (order.order_id, events.PaymentVoided())
    assert await desk.capture.handle(CaptureOrders((order.order_id,))) == {order.order_id: "failed"}
    assert provider.calls["void"] == 1


async def test_a_closed_order_is_neither_sent_again_nor_captured(desk, provider):
    unsent, held = make_order(), make_order()
    await desk.authorize.handle(held)
    provider.refused = {"create", "void"}
    await desk.authorize.handle(unsent)
    for order in (unsent, held):
        assert not (await desk.cancel.handle(CancelPayment(order.order_id, "")))[0]
    provider.refused = {"void"}
    await run_until_quiet(desk, 20)
    done = await desk.capture.handle(CaptureOrders((unsent.order_id, held.order_id)))
    assert set(done.values()) == {"failed"}
    assert (provider.calls["create"], provider.calls["capture"]) == (2, 0)


async def test_captured_money_is_refunded(desk, memory):
    order = await captured(desk)
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "refunded")
    assert memory.balances == {}


@pytest.mark.parametrize("lost", ["void", "refund", "find", "create", "capture"])
async def test_a_cancellation_survives_lost_answers(desk, memory, provider, lost):
    provider.away = {lost}
    order = await captured(desk)
    await desk.cancel.handle(CancelPayment(order.order_id, ""))
    provider.away = set()
    await run_until_quiet(desk, 30)
    done, last = await desk.cancel.handle(CancelPayment(order.order_id, ""))
    assert done
    assert last in ("voided", "refunded")
    assert memory.balances == {}
    assert {state.status for state in provider.state.values()} <= {"voided", "captured"}


async def test_cancel_while_the_provider_authorizes(desk, memory, provider):
    """Whoever comes first, the money ends up with the buyer and Authorize says order_closed."""
    order = make_order()

    async def cancel(call):
        if call == "create":
            provider.before_answer = None
            await desk.cancel.handle(CancelPayment(order.order_id, "expired"))

    provider.before_answer = cancel
    with pytest.raises(OrderClosed):
        await desk.authorize.handle(order)
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "voided")
    assert [event for _, event in memory.events] == [events.PaymentVoided()]
    assert {state.status for state in provider.state.values()} == {"voided"}


async def test_cancel_while_the_provider_captures(desk, memory, provider):
    order = make_order()
    await desk.authorize.handle(order)

    async def cancel(call):
        if call == "capture":
            provider.before_answer = None
            await desk.cancel.handle(CancelPayment(order.order_id, "expired"))

    provider.before_answer = cancel
    done = await desk.capture.handle(CaptureOrders((order.order_id,)))
    assert done == {order.order_id: "failed"}
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "refunded")
    assert memory.balances == {}


async def test_an_awaiting_payment_that_succeeds_after_the_cancellation_is_voided(
    desk, memory, provider
):
    provider.outcome = "pending"
    order = make_order()
    assert (await desk.authorize.handle(order)).outcome == "pending"
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "none")
    for attempt_id in provider.state:
        provider.state[attempt_id] = ProviderState("authorized")
    await run_until_quiet(desk, 60)
    assert [event for _, event in memory.events] == [events.PaymentVoided()]


async def test_an_awaiting_payment_is_found_paid_though_nobody_tells(desk, memory, provider):
    provider.outcome = "pending"
    order = make_order()
    await desk.authorize.handle(order)
    for attempt_id in provider.state:
        provider.state[attempt_id] = ProviderState("captured")
    await run_until_quiet(desk, 60)
    assert (await desk.authorize.handle(order)).outcome == "captured"
    assert [event for _, event in memory.events] == [events.PaymentCaptured()]


async def test_a_failed_refund_of_a_cancelled_order_is_tried_again(desk, memory, provider):
    order = await captured(desk)
    provider.refund_outcome = "failed"
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (False, "captured")
    provider.refund_outcome = "succeeded"
    await run_until_quiet(desk, 10)
    assert await desk.cancel.handle(CancelPayment(order.order_id, "")) == (True, "refunded")
    assert memory.balances == {}


async def test_capture_answers_for_each_order(desk, provider):
    paid, closed, unknown, pending = make_order(), make_order(), make_order(), new_id()
    await desk.authorize.handle(paid)
    await desk.authorize.handle(closed)
    await desk.cancel.handle(CancelPayment(closed.order_id, ""))
    provider.refused = {"create"}
    await desk.authorize.handle(unknown)
    ids = (paid.order_id, closed.order_id, unknown.order_id, pending, paid.order_id)
    assert await desk.capture.handle(CaptureOrders(ids)) == {
        paid.order_id: "captured",
        closed.order_id: "failed",
        unknown.order_id: "unknown",
        pending: "failed",
    }
    again = await desk.capture.handle(CaptureOrders((paid.order_id,)))
    assert again == {paid.order_id: "captured"}
    assert provider.calls["capture"] == 1


async def test_a_capture_whose_answer_is_lost_is_unknown_and_found_later(desk, memory, provider):
    order = make_order()
    await desk.authorize.handle(order)
    provider.away = {"capture"}
    done = await desk.capture.handle(CaptureOrders((order.order_id,)))
    assert done == {order.order_id: "unknown"}
    await run_until_quiet(desk, 40)
    assert memory.events[-1] == (order.order_id, events.PaymentCaptured())


async def test_a_capture_that_the_provider_refuses_has_failed_for_good(desk, memory, provider):
    order = make_order()
    await desk.authorize.handle(order)
    for attempt_id in provider.state:
        provider.state[attempt_id] = ProviderState("voided")
    done = await desk.capture.handle(CaptureOrders((order.order_id,)))
    assert done == {order.order_id: "failed"}
    assert memory.events[-1] == (order.order_id, events.PaymentFailed("capture_failed"))


async def test_an_operator_refunds_all_that_is_left(desk, memory):
    order = await captured(desk)
    refund, payment = await desk.refund.handle(refund_of(order), OPERATOR)
    assert (refund.status, refund.amount_minor, payment.status) == (
        "succeeded",
        1000,
        "refunded",
    )
    assert memory.balances == {}
    with pytest.raises(RefundExceedsCaptured):
        await desk.refund.handle(refund_of(order), OPERATOR)


async def test_an_operator_with_a_second_factor_steps_up_before_a_refund(desk, provider):
    order = await captured(desk)
    with pytest.raises(ServiceError) as error:
        await desk.refund.handle(refund_of(order), replace(OPERATOR, second_factor=True))
    assert (error.value.kind, error.value.code) == ("forbidden", "step_up_required")
    assert provider.calls["refund"] == 0
    stepped_up = replace(OPERATOR, second_factor=True, stepped_up_until=time.time() + 300)
    refund, _ = await desk.refund.handle(refund_of(order), stepped_up)
    assert refund.status == "succeeded"


async def test_the_same_refund_again_is_the_same_refund(desk, provider):
    order = await captured(desk)
    command = refund_of(order, amount=(400, "KES"))
    first, _ = await desk.refund.handle(command, OPERATOR)
    second, payment = await desk.refund.handle(command, OPERATOR)
    assert first == second
    assert payment.refunded_minor == 400
    assert provider.calls["refund"] == 1


async def test_a_refund_whose_answer_is_lost_is_pending_and_paid_once(desk, memory, provider):
    order = await captured(desk)
    provider.away = {"refund"}
    refund, _ = await desk.refund.handle(refund_of(order, amount=(400, "KES")), OPERATOR)
    assert refund.status == "pending"
    await run_until_quiet(desk, 20)
    assert memory.events[-1] == (order.order_id, events.RefundSettled(refund.id, 400))
    assert len(provider.refunds) == 1


async def test_members_refund_their_sellers_part_and_others_find_nothing(desk):
    order = await captured(desk, make_split("item_a", SELLER), make_split("item_b", OTHER_SELLER))
    with pytest.raises(ServiceError, match="no such thing"):
        await desk.refund.handle(refund_of(order), MEMBER)
    desk.memberships.roles = {(MEMBER.account_id, SELLER): "viewer"}
    with pytest.raises(ServiceError, match="no such thing"):
        await desk.refund.handle(refund_of(order), MEMBER)
    desk.memberships.roles = {(MEMBER.account_id, SELLER): "finance"}
    refund, payment = await desk.refund.handle(refund_of(order), MEMBER)
    assert (refund.amount_minor, payment.status) == (1000, "partially_refunded")


async def test_a_service_refunds_units_once_whatever_went_back_of_them_before(desk, provider):
    order = await captured(desk, make_split(quantity=2))
    line, units = order.splits[0].line_id, order.splits[0].quantity
    most = (order.amount_minor * 4 // 5, "KES")
    await desk.refund.handle(refund_of(order, amount=most), OPERATOR)
    command = refund_of(order, items={line: units - 1})
    with pytest.raises(RefundExceedsCaptured):
        await desk.refund.handle(command, OPERATOR)
    first, _ = await desk.refund.handle(command, ORDERS)
    again, payment = await desk.refund.handle(command, ORDERS)
    assert (again.id, again.status) == (first.id, "succeeded")
    assert first.amount_minor == order.splits[0].amount_minor // 5
    left = payment.refundable_minor
    with pytest.raises(RefundExceedsCaptured):
        await desk.refund.handle(refund_of(order, items={line: units}), ORDERS)
    assert payment.refundable_minor == left
    assert provider.calls["refund"] == 2


async def test_guests_refund_nothing(desk):
    order = await captured(desk)
    with pytest.raises(ServiceError) as error:
        await desk.refund.handle(refund_of(order), Actor())
    assert error.value.kind == "unauthenticated"


async def test_one_payment_that_cannot_be_settled_does_not_hold_up_the_others(
    desk, memory, provider
):
    broken, well = make_order(), make_order()
    provider.away = {"create"}
    for order in (broken, well):
        await desk.authorize.handle(order)
    bad = await memory.find_by_order(broken.order_id)
    memory._payments[bad.id].provider = "gone"
    await run_until_quiet(desk, 3)
    assert memory.events == [(well.order_id, events.PaymentAuthorized())]
