"""What is M-Pesa's own: result codes, callbacks without a signature, reversals without a repeat."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.ids import new_id
from payments.app.cancel_payment import CancelPayment
from payments.app.create_refund import CreateRefund
from payments.app.provider import NoReport, ProviderAway
from payments.app.settle import as_asked_for
from payments.domain.errors import (
    PartialRefundUnavailable,
    PaymentTokenInvalid,
    SignatureExpired,
    SignatureInvalid,
    WebhookMalformed,
)
from services.payments.tests.fakes import MemoryEvents, MemoryPayments
from services.payments.tests.integration.rigs import mpesa_rig
from services.payments.tests.integration.test_sandbox import END, OPERATOR, START
from simulators import faults


@pytest.fixture
async def rig():
    async with mpesa_rig(MemoryPayments(), MemoryEvents()) as made:
        yield made


async def asked(rig, **values):
    order = rig.order(**values)
    await rig.desk.authorize.handle(order)
    return order, rig.simulator.pushes[-1]


async def paid(rig):
    order, push = await asked(rig)
    rig.simulator.answer(push, "0")
    await rig.deliver()
    return order


async def refund(rig, order):
    command = CreateRefund(new_id(), order.order_id, None, {}, "broken")
    return await rig.desk.refund.handle(command, OPERATOR)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("0", "captured", ""),
        ("1", "failed", "insufficient_funds"),
        ("1032", "failed", "cancelled"),
        ("1037", "failed", "unreachable"),
        ("2001", "failed", "wrong_pin"),
        ("1019", "failed", "expired"),
        ("8888", "none", ""),
    ],
)
async def test_each_result_code_ends_as_it_should(rig, code, status, reason):
    """A code that nobody has told us of is no answer."""
    order, push = await asked(rig)
    rig.simulator.answer(push, code)
    await rig.deliver(times=2)
    payment = await rig.payment(order)
    assert (payment.status, payment.failure) == (status, reason)


async def test_the_push_is_for_whole_shillings_and_the_right_phone(rig):
    _, push = await asked(rig, amount_minor=123400, phone="0112345678")
    assert (push.amount, push.phone) == (1234, "254112345678")


@pytest.mark.parametrize("phone", ["", "+1 202 555 0100", "254", "+25471234567", "+2547123456789"])
async def test_what_is_no_kenyan_number_leaves_nothing(rig, phone):
    order = rig.order(phone=phone)
    with pytest.raises(PaymentTokenInvalid):
        await rig.desk.authorize.handle(order)
    assert await rig.payment(order) is None


async def test_a_callback_is_believed_only_after_the_status_was_asked(rig):
    order, push = await asked(rig)
    rig.simulator.answer(push, "0")
    push.result_code = "1032"
    await rig.deliver()
    assert (await rig.payment(order)).status == "failed"


async def test_a_callback_that_never_comes_is_asked_for(rig):
    order, push = await asked(rig)
    rig.simulator.answer(push, "0")
    rig.clock.advance(timedelta(minutes=2))
    while await rig.desk.resolve.handle():
        pass
    assert (await rig.payment(order)).status == "captured"


async def test_a_token_that_ran_out_early_is_renewed(rig):
    await asked(rig)
    rig.simulator.forget_token()
    order, push = await asked(rig)
    assert len(rig.simulator.pushes) == 2
    rig.simulator.answer(push, "0")
    rig.simulator.forget_token()
    await rig.deliver()
    assert (await rig.payment(order)).status == "captured"


async def test_without_a_token_nothing_was_sent_and_the_payment_has_failed(rig):
    rig.simulator.consumer_secret = "another"
    order = rig.order()
    assert (await rig.desk.authorize.handle(order)).outcome == "declined"
    assert rig.simulator.pushes == []


async def test_a_reversal_is_sent_once_and_its_result_settles_it(rig):
    order = await paid(rig)
    rig.simulator.faults.plan(faults.AFTER)
    started, payment = await refund(rig, order)
    assert (started.status, payment.refunding_minor) == ("pending", 1000)
    assert await rig.provider.refund(as_asked_for(payment), started.id, 1000) == "pending"
    assert rig.simulator.reversals == 1
    await rig.deliver(times=2)
    payment = await rig.payment(order)
    assert (payment.status, [each.status for each in payment.refunds]) == (
        "refunded",
        ["succeeded"],
    )


async def test_a_part_cannot_be_reversed(rig):
    order = await paid(rig)
    command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, "broken")
    with pytest.raises(PartialRefundUnavailable):
        await rig.desk.refund.handle(command, OPERATOR)
    payment = await rig.payment(order)
    assert (payment.refunds, payment.refunding_minor) == ([], 0)


async def test_a_reversal_that_is_refused_has_failed(rig):
    order = await paid(rig)
    rig.simulator.reversals_fail = True
    await refund(rig, order)
    await rig.deliver()
    payment = await rig.payment(order)
    assert (payment.status, [each.status for each in payment.refunds]) == ("captured", ["failed"])


async def test_a_reversal_whose_result_never_comes_is_asked_for(rig):
    order = await paid(rig)
    rig.simulator.tells_of_reversals = False
    await refund(rig, order)
    await rig.deliver()
    assert (await rig.payment(order)).refunding_minor == 1000
    rig.clock.advance(timedelta(minutes=2))
    await rig.desk.resolve.handle()
    await rig.deliver()
    assert (await rig.payment(order)).status == "refunded"


async def test_a_reversal_waits_for_the_receipt_that_only_the_callback_tells(rig):
    order, push = await asked(rig)
    await rig.desk.cancel.handle(CancelPayment(order.order_id, "expired"))
    rig.simulator.answer(push, "0")
    rig.clock.advance(timedelta(minutes=2))
    await rig.desk.resolve.handle()
    assert (await rig.payment(order)).status == "captured"
    await rig.deliver()
    for _ in range(4):
        rig.clock.advance(timedelta(minutes=20))
        await rig.desk.resolve.handle()
        await rig.deliver()
    assert (await rig.payment(order)).status == "refunded"
    assert push.reversed


async def test_m_pesa_shows_no_report(rig):
    with pytest.raises(NoReport):
        rig.provider.report(START, END)


async def test_a_query_that_fails_is_no_answer(rig):
    order, push = await asked(rig)
    payment = await rig.payment(order)
    strange = replace(as_asked_for(payment), reference="ws_CO_unknown")
    with pytest.raises(ProviderAway):
        await rig.provider.find(strange)
    assert push.result_code == ""


async def test_forged_old_and_malformed_callbacks_change_nothing(rig):
    _, push = await asked(rig)
    rig.simulator.answer(push, "0")
    (good,) = rig.webhooks()
    other = {**good.query, "attempt": str(new_id())}
    for webhook, error in [
        (replace(good, query={}), SignatureInvalid),
        (replace(good, query=other), SignatureInvalid),
        (replace(good, query={**good.query, "until": "9999999999"}), SignatureInvalid),
        (replace(good, query={**good.query, "mac": "é"}), SignatureInvalid),
        (replace(good, body=b"{"), WebhookMalformed),
        (replace(good, body=b"[]"), WebhookMalformed),
        (replace(good, body=b'{"Body": {"stkCallback": {}}}'), WebhookMalformed),
        (replace(good, body=b'{"Result": {"ResultCode": []}}'), WebhookMalformed),
    ]:
        with pytest.raises(error):
            await rig.receive(webhook)
    rig.clock.advance(timedelta(days=3, seconds=1))
    with pytest.raises(SignatureExpired):
        await rig.receive(good)
    assert rig.events.stored == {}
    assert "254712345678" not in str(rig.events.stored)
