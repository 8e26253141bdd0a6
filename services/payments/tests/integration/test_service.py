"""Payments, asked of a process as it is started."""

import time

from chassis.broker import Broker
from chassis.ids import format_id, new_id
from devstack.testing import eventually
from services.payments.tests.integration.calls import (
    ADMIN,
    MEMBER,
    authorize_request,
    bearer,
    list_payments,
    refused,
)
from soko.events.v1.payments_pb2 import PaymentCaptured
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc as rpc
from soko.payments.v1 import (
    timeline_pb2,
    timeline_pb2_grpc,
)


async def test_an_order_is_paid_captured_refunded_and_told_of(orders, gateway, nats_url):
    payments = rpc.PaymentServiceStub(orders.channel)
    refunds = rpc.RefundServiceStub(gateway.channel)
    heard = []
    broker = Broker(nats_url, "test")
    await broker.connect()
    await broker.ensure_stream("payments")
    order_id = format_id("ord", new_id())

    async def hear(subject, data):
        heard.append((subject, data))

    subscription = await broker.subscribe_core("soko.payments.>", hear)
    answer = await orders.call(payments.Authorize, authorize_request(order_id))
    assert answer.outcome == "authorized"
    done = await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    assert [(each.order_id, each.outcome) for each in done.results] == [(order_id, "captured")]

    refund = pb.CreateRefundRequest(order_id=order_id, reason="broken")
    key = [
        ("soko-idempotency-scope", "a" * 64),
        ("soko-idempotency-key", "one"),
        ("soko-idempotency-fingerprint", "b" * 64),
    ]
    first, trailers = await gateway.call_with_trailers(
        refunds.CreateRefund, refund, metadata=[bearer(MEMBER), *key]
    )
    again, marked = await gateway.call_with_trailers(
        refunds.CreateRefund, refund, metadata=[bearer(MEMBER), *key]
    )
    assert first == again
    assert (first.refund.status, first.refund.amount.amount_minor) == ("succeeded", 1000)
    assert marked.get("soko-idempotent-replayed") == "1"
    assert "soko-idempotent-replayed" not in trailers

    listed = await list_payments(orders, order_id)
    (payment,) = listed.payments
    assert (payment.status, payment.captured.amount_minor, payment.refunded.amount_minor) == (
        "partially_refunded",
        3000,
        1000,
    )
    assert [attempt.status for attempt in payment.attempts] == ["captured"]

    names = ["payment_authorized", "payment_captured", "refund_settled"]
    expected = [f"soko.payments.{name}.v1" for name in names]
    await eventually(lambda: [subject for subject, _ in heard] == expected)
    told = PaymentCaptured.FromString(heard[1][1])
    assert (told.payment.order_id, told.payment.captured_minor) == (order_id, 3000)
    await subscription.unsubscribe()
    await broker.close()


async def test_what_a_payment_went_through_is_told(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    timelines = timeline_pb2_grpc.TimelineServiceStub(gateway.channel)
    order_id = format_id("ord", new_id())
    request = timeline_pb2.GetTimelineRequest(order_id=order_id)
    itself = [("soko-service", "gateway-itself")]
    assert not (await gateway.call(timelines.GetTimeline, request, metadata=itself)).entries
    await orders.call(payments.Authorize, authorize_request(order_id))
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    await orders.call(payments.CancelPayment, pb.CancelPaymentRequest(order_id=order_id))
    told = (await gateway.call(timelines.GetTimeline, request, metadata=itself)).entries
    assert {(each.name, each.status) for each in told} == {
        ("attempt", "captured"),
        ("refund", "succeeded"),
        ("payment_authorized", ""),
        ("payment_captured", ""),
        ("refund_settled", ""),
    }
    assert {each.kind for each in told} == {"payment"}
    assert [each.at.ToNanoseconds() for each in told] == sorted(
        each.at.ToNanoseconds() for each in told
    )
    assert await refused(gateway.call(timelines.GetTimeline, request)) == ("forbidden", "forbidden")


async def test_each_call_is_for_those_who_may(orders, gateway):
    payments = rpc.PaymentServiceStub(gateway.channel)
    ledger = rpc.LedgerServiceStub(gateway.channel)
    refunds = rpc.RefundServiceStub(gateway.channel)
    order_id = format_id("ord", new_id())
    await orders.call(rpc.PaymentServiceStub(orders.channel).Authorize, authorize_request(order_id))
    admin, member = [bearer(ADMIN, "admin")], [bearer(MEMBER, "buyer")]
    for method, request in (
        (payments.Authorize, authorize_request(order_id)),
        (payments.Capture, pb.CaptureRequest(order_ids=[order_id])),
        (payments.CancelPayment, pb.CancelPaymentRequest(order_id=order_id)),
        (payments.ListPayments, pb.ListPaymentsRequest(order_id=order_id)),
    ):
        for metadata in ([], member, admin):
            kind, _ = await refused(gateway.call(method, request, metadata=metadata))
            assert kind == "forbidden"
    assert len((await list_payments(gateway, order_id)).payments) == 1
    assert (await refused(list_payments(gateway, order_id, "catalog")))[0] == "forbidden"
    refund = pb.CreateRefundRequest(order_id=order_id)
    assert (await refused(gateway.call(refunds.CreateRefund, refund)))[0] == "unauthenticated"
    assert await refused(gateway.call(refunds.CreateRefund, refund, metadata=admin)) == (
        "conflict",
        "refund_exceeds_captured",
    )
    unknown = pb.CreateRefundRequest(order_id=format_id("ord", new_id()))
    for metadata in (member, admin):
        call = gateway.call(refunds.CreateRefund, unknown, metadata=metadata)
        assert (await refused(call))[0] == "not_found"
    for method, request in (
        (ledger.ListAccounts, pb.ListAccountsRequest()),
        (ledger.ListEntries, pb.ListEntriesRequest()),
    ):
        assert (await refused(gateway.call(method, request)))[0] == "unauthenticated"
        assert (await refused(gateway.call(method, request, metadata=member)))[0] == "forbidden"
        await gateway.call(method, request, metadata=admin)


async def test_the_sandbox_decides_and_wrong_input_is_refused(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    sandbox = rpc.SandboxServiceStub(gateway.channel)
    order_id = format_id("ord", new_id())
    answer = await orders.call(payments.Authorize, authorize_request(order_id, "tok_async"))
    assert (answer.outcome, answer.next_action_type) == ("pending", "sandbox")
    decision = pb.DecidePaymentRequest(payment_id=answer.payment_id, succeed=True)
    for _ in range(2):
        decided = await gateway.call(sandbox.DecidePayment, decision)
        assert decided.payment.status == "authorized"
    decision.succeed = False
    assert await refused(gateway.call(sandbox.DecidePayment, decision)) == (
        "conflict",
        "payment_decided",
    )
    gone = await orders.call(payments.CancelPayment, pb.CancelPaymentRequest(order_id=order_id))
    assert (gone.outcome, gone.payment_status) == ("done", "voided")
    late = orders.call(payments.Authorize, authorize_request(order_id))
    assert await refused(late) == ("conflict", "order_closed")

    def changed(**values):
        request = authorize_request(format_id("ord", new_id()))
        for name, value in values.items():
            setattr(request, name, value)
        return orders.call(payments.Authorize, request)

    assert await refused(changed(method_token="tok_x")) == ("invalid", "payment_token_invalid")
    assert await refused(changed(method_type="stripe")) == ("invalid", "method_unavailable")
    assert (await refused(changed(order_id="ord_x")))[0] == "not_found"
    short = authorize_request(format_id("ord", new_id()))
    short.amount.amount_minor = 1
    assert await refused(orders.call(payments.Authorize, short)) == (
        "invalid",
        "splits_do_not_add_up",
    )
    methods = await gateway.call(payments.ListPaymentMethods, pb.ListPaymentMethodsRequest())
    assert [method.type for method in methods.methods] == ["sandbox", "cash_on_delivery"]


async def test_orders_refunds_units_by_an_id_of_its_own(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    refunds = rpc.RefundServiceStub(orders.channel)
    order_id = format_id("ord", new_id())
    await orders.call(payments.Authorize, authorize_request(order_id))
    assert not (await list_payments(orders, order_id)).payments[0].refunds_in_parts
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    assert (await list_payments(orders, order_id)).payments[0].refunds_in_parts
    request = pb.CreateRefundRequest(
        order_id=order_id,
        refund_id=format_id("rfd", new_id()),
        items=[pb.RefundItem(item_id="item_a", quantity=1)],
        reason="damaged",
    )
    answers = [(await orders.call(refunds.CreateRefund, request)).refund for _ in range(2)]
    assert [(each.id, each.amount.amount_minor) for each in answers] == [
        (request.refund_id, 500)
    ] * 2
    assert (await list_payments(orders, order_id)).payments[0].refunded.amount_minor == 500
    operator = gateway.call(
        rpc.RefundServiceStub(gateway.channel).CreateRefund,
        request,
        metadata=[bearer(ADMIN, "operator")],
    )
    assert (await refused(operator))[0] == "forbidden"
    cash = authorize_request(format_id("ord", new_id()), "")
    cash.method_type = "cash_on_delivery"
    await orders.call(payments.Authorize, cash)
    assert not (await list_payments(orders, cash.order_id)).payments[0].refunds_in_parts


async def test_a_provider_that_never_answers_is_answered_for_in_time(orders):
    payments = rpc.PaymentServiceStub(orders.channel)
    order_id = format_id("ord", new_id())
    started = time.monotonic()
    answer = await orders.call(payments.Authorize, authorize_request(order_id, "tok_timeout"))
    assert answer.outcome == "unknown"
    assert time.monotonic() - started < 4

    async def authorized():
        listed = await list_payments(orders, order_id)
        return listed.payments[0].status == "authorized"

    await eventually(authorized, 15)
