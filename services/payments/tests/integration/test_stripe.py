"""What is Stripe's own: cards that are refused, keys, captures, withdrawals, signatures."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.ids import new_id
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.app.provider import ProviderAway
from payments.app.settle import as_asked_for
from payments.app.webhooks import Webhook
from payments.domain.errors import (
    PaymentTokenInvalid,
    SignatureExpired,
    SignatureInvalid,
    WebhookMalformed,
)
from services.payments.tests.fakes import MemoryEvents, MemoryPayments
from services.payments.tests.integration.rigs import stripe_rig
from services.payments.tests.integration.test_sandbox import END, OPERATOR, START
from simulators import faults, stripe


@pytest.fixture
async def rig():
    async with stripe_rig(MemoryPayments(), MemoryEvents()) as made:
        yield made


@pytest.mark.parametrize(
    ("card", "reason"),
    [(stripe.DECLINED, "declined"), (stripe.NO_FUNDS, "insufficient_funds")],
)
async def test_a_refused_card_is_final_and_says_why(rig, card, reason):
    order = rig.order(token=card)
    for _ in range(2):
        answer = await rig.desk.authorize.handle(order)
        assert (answer.outcome, answer.decline_reason) == ("declined", reason)
    await rig.deliver()
    assert (await rig.payment(order)).status == "failed"
    assert len(rig.simulator.intents) == 1


async def test_a_card_that_stripe_does_not_know_is_declined(rig):
    answer = await rig.desk.authorize.handle(rig.order(token="pm_unheard_of"))
    assert (answer.outcome, rig.simulator.intents) == ("declined", {})


@pytest.mark.parametrize("token", ["", "tok_success", "pm_" + "x" * 300, "pm_a/../b"])
async def test_what_is_no_payment_method_leaves_nothing(rig, token):
    order = rig.order(token=token)
    with pytest.raises(PaymentTokenInvalid):
        await rig.desk.authorize.handle(order)
    assert await rig.payment(order) is None


async def test_automatic_capture_takes_the_money_at_once():
    async with stripe_rig(MemoryPayments(), MemoryEvents(), manual=False) as rig:
        order = rig.order()
        assert (await rig.desk.authorize.handle(order)).outcome == "captured"
        await rig.deliver(times=2, backwards=True)
        assert (await rig.payment(order)).captured_minor == 1000
        assert rig.desk.payments.balances["provider_receivable"] == 1000


async def test_our_ids_travel_and_a_repeated_create_is_one_intent(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    payment = await rig.payment(order)
    (intent,) = rig.simulator.intents.values()
    assert intent["metadata"] == {
        "attempt_id": str(payment.attempt.id),
        "payment_id": str(payment.id),
    }
    asked = replace(as_asked_for(payment), token=stripe.GOOD)
    states = await asyncio.gather(*(rig.provider.create(asked) for _ in range(3)))
    assert {state.reference for state in states} == {intent["id"]}
    assert len(rig.simulator.intents) == 1


async def test_an_attempt_without_a_reference_is_found_among_many(rig):
    for _ in range(120):
        rig.simulator._create({"amount": "1", "currency": "kes", "payment_method": stripe.GOOD})
    order = rig.order()
    await rig.desk.authorize.handle(order)
    payment = await rig.payment(order)
    for _ in range(120):
        rig.simulator._create({"amount": "1", "currency": "kes", "payment_method": stripe.GOOD})
    asked = replace(as_asked_for(payment), reference="")
    assert (await rig.provider.find(asked)).reference == payment.attempt.reference
    unknown = replace(asked, attempt_id=new_id())
    assert (await rig.provider.find(unknown)).status == "not_found"


async def test_a_capture_whose_answer_was_lost_is_one_capture(rig):
    orders = [rig.order() for _ in range(3)]
    for order in orders:
        await rig.desk.authorize.handle(order)
    ids = tuple(order.order_id for order in orders)
    rig.simulator.faults.plan(*[faults.AFTER] * 2)
    first = await rig.desk.capture.handle(CaptureOrders(ids))
    assert set(first.values()) == {"captured", "unknown"}
    assert set((await rig.desk.capture.handle(CaptureOrders(ids))).values()) == {"captured"}
    assert [line["type"] for line in rig.simulator.balance] == ["charge"] * 3


async def test_an_authorization_that_ran_out_cannot_be_captured(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    (intent,) = rig.simulator.intents.values()
    rig.simulator._cancel(intent)
    done = await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    assert done == {order.order_id: "failed"}


async def test_a_cancelled_order_withdraws_what_awaits_its_buyer(rig):
    order = rig.order(token=stripe.NEEDS_3DS)
    await rig.desk.authorize.handle(order)
    done = await rig.desk.cancel.handle(CancelPayment(order.order_id, "buyer"))
    assert done == (True, "voided")
    (intent,) = rig.simulator.intents.values()
    assert intent["status"] == "canceled"


async def test_parts_are_refunded_and_a_refund_may_fail_later(rig):
    order = rig.order(token=stripe.REFUND_FAILS)
    await rig.desk.authorize.handle(order)
    await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, "broken")
    refund, payment = await rig.desk.refund.handle(command, OPERATOR)
    assert (refund.status, payment.refunding_minor) == ("pending", 300)
    await rig.deliver()
    assert (await rig.payment(order)).refunding_minor == 300
    rig.simulator.fail_refunds()
    await rig.deliver(times=2)
    payment = await rig.payment(order)
    assert [each.status for each in payment.refunds] == ["failed"]
    assert (payment.refunding_minor, payment.refundable_minor) == (0, 1000)


async def test_a_refund_whose_answer_was_lost_is_one_refund(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    rig.simulator.faults.plan(faults.AFTER, faults.AFTER)
    command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, "broken")
    refund, _ = await rig.desk.refund.handle(command, OPERATOR)
    assert refund.status == "pending"
    refund, _ = await rig.desk.refund.handle(command, OPERATOR)
    assert refund.status == "succeeded"
    assert [each["amount"] for each in rig.simulator.refunds.values()] == [300]


async def test_the_report_tells_what_was_moved(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, "broken")
    await rig.desk.refund.handle(command, OPERATOR)
    payment = await rig.payment(order)
    rig.simulator.dispute(payment.attempt.reference)
    lines = [line async for page in rig.provider.report(START, END) for line in page]
    attempt_id = payment.attempt.id
    assert [
        (each.kind, each.attempt_id, each.refund_id, each.amount_minor, each.fee_minor)
        for each in lines[::-1]
    ] == [
        ("capture", attempt_id, None, 1000, 30),
        ("refund", attempt_id, command.refund_id, 300, 0),
        ("dispute", None, None, 1000, 1500),
    ]
    async for page in rig.provider.report(START, START + timedelta(days=1)):
        assert page == []


async def test_disputes_are_told_until_they_are_decided(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    asked = as_asked_for(await rig.payment(order))
    assert await rig.provider.disputes(asked) == []
    dispute_id = rig.simulator.dispute(asked.reference)
    (dispute,) = await rig.provider.disputes(asked)
    assert (dispute.status, dispute.amount_minor, dispute.fee_minor) == ("open", 1000, 1500)
    rig.simulator.decide_dispute(dispute_id, "lost")
    (dispute,) = await rig.provider.disputes(asked)
    assert (dispute.id, dispute.status) == (dispute_id, "lost")


@pytest.mark.parametrize(("decided", "status"), [("lost", "charged_back"), ("won", "captured")])
async def test_a_dispute_takes_the_money_until_it_is_won(rig, decided, status):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    await rig.desk.capture.handle(CaptureOrders((order.order_id,)))
    reference = (await rig.payment(order)).attempt.reference
    dispute_id = rig.simulator.dispute(reference)
    await rig.deliver(times=2)
    payment = await rig.payment(order)
    assert (payment.status, payment.disputed_minor) == ("charged_back", 1000)
    rig.simulator.decide_dispute(dispute_id, decided)
    await rig.deliver(times=2, backwards=True)
    payment = await rig.payment(order)
    assert payment.status == status
    assert [each.reference for each in payment.disputes] == [dispute_id]


async def test_a_wrong_key_is_no_answer(rig):
    rig.simulator.secret_key = "another"
    with pytest.raises(ProviderAway):
        await rig.provider.find(replace(as_asked_for(await placed(rig)), reference="pi_1"))


async def placed(rig):
    order = rig.order()
    await rig.desk.authorize.handle(order)
    return await rig.payment(order)


async def test_forged_old_and_malformed_webhooks_change_nothing(rig):
    await placed(rig)
    good = rig.webhooks()[0]
    now = int(rig.clock.now().timestamp())
    event = rig.simulator.events[0]
    rig.simulator.webhook_secret = "whsec_other"
    forged = rig.webhook(event)
    rig.simulator.webhook_secret = "whsec_simulator"
    refused = [
        (forged, SignatureInvalid),
        (replace(good, headers={}), SignatureInvalid),
        (replace(good, headers={"stripe-signature": "t=x,v1="}), SignatureInvalid),
        (replace(good, body=good.body + b" "), SignatureInvalid),
        (replace(good, body=b"\xff"), SignatureInvalid),
        (rig.webhook(event, now - 301), SignatureExpired),
        (rig.webhook(event, now + 400), SignatureExpired),
        (rig.webhook({"id": "evt_1"}), WebhookMalformed),
        (rig.webhook([1]), WebhookMalformed),
        (rig.webhook({"id": 1, "type": "a", "data": {"object": {}}}), WebhookMalformed),
        (rig.webhook({"id": "e" * 300, "type": "a", "data": {"object": {}}}), WebhookMalformed),
    ]
    for webhook, error in refused:
        with pytest.raises(error):
            await rig.receive(webhook)
    assert rig.events.stored == {}


async def test_news_of_other_things_than_payments_is_done_with(rig):
    other = {"id": "evt_payout", "type": "payout.paid", "data": {"object": {"id": "po_1"}}}
    body, signature = rig.simulator.signed(other, int(rig.clock.now().timestamp()))
    await rig.receive(Webhook(body, {"stripe-signature": signature}, {}))
    assert await rig.handle_events() == 1
    rig.clock.advance(timedelta(days=30))
    assert await rig.handle_events() == 0


async def test_while_a_secret_is_rolled_one_good_signature_of_two_is_enough(rig):
    event = {"id": "evt_rolled", "type": "payout.paid", "data": {"object": {"id": "po_1"}}}
    now = int(rig.clock.now().timestamp())
    body, good = rig.simulator.signed(event, now)
    rig.simulator.webhook_secret = "whsec_other"
    other = rig.simulator.signed(event, now)[1].split(",")[1]
    both = good.replace("v1=", f"{other},v1=")
    assert both.count("v1=") == 2
    await rig.receive(Webhook(body, {"stripe-signature": both}, {}))
    assert await rig.handle_events() == 1
