"""The process as it is started, with a real broker and an identity that a test plays."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import grpc
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from chassis.broker import Broker
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.ids import format_id, new_id
from chassis.replies import Outgoing
from devstack.testing import eventually
from services.payments.tests.builders import OTHER_SELLER, SELLER
from soko.common.v1.money_pb2 import Money
from soko.events.v1.orders_pb2 import OrderDelivered
from soko.events.v1.payments_pb2 import PaymentCaptured
from soko.identity.v1 import key_pb2, key_pb2_grpc, seller_pb2, seller_pb2_grpc
from soko.payments.v1 import (
    bookkeeping_pb2,
    bookkeeping_pb2_grpc,
    payout_pb2,
    payout_pb2_grpc,
    timeline_pb2,
    timeline_pb2_grpc,
)
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc as rpc

MEMBER = format_id("usr", new_id())
ADMIN = format_id("usr", new_id())
KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"})


class Keys(key_pb2_grpc.KeyServiceServicer):
    def GetJwks(self, request, context):  # noqa: N802
        keys = KeySet([KEY]).as_dict(private=False)
        return key_pb2.GetJwksResponse(jwks_json=orjson.dumps(keys).decode())


class Sellers(seller_pb2_grpc.SellerServiceServicer):
    def GetMembership(self, request, context):  # noqa: N802
        mine = (request.seller_id, request.account_id) == (SELLER, MEMBER)
        return seller_pb2.GetMembershipResponse(role="owner" if mine else "")

    def GetSeller(self, request, context):  # noqa: N802
        seller = seller_pb2.Seller(id=SELLER, slug="a-seller", currency="KES")
        if request.id_or_slug not in (SELLER, "a-seller"):
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        return seller_pb2.GetSellerResponse(seller=seller)


def bearer(account_id, *roles):
    now = int(time.time())
    claims = {
        "iss": "soko",
        "aud": "soko",
        "sub": account_id,
        "sid": format_id("ses", new_id()),
        "roles": list(roles),
        "sellers": {},
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k1"}
    token = jwt.encode(header, claims, KEY, algorithms=["Ed25519"])
    return ("authorization", f"Bearer {token}")


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="pay-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def identity(folder) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    key_pb2_grpc.add_KeyServiceServicer_to_server(Keys(), server)
    seller_pb2_grpc.add_SellerServiceServicer_to_server(Sellers(), server)
    target = f"unix:{folder}/identity.sock"
    server.add_insecure_port(target)
    server.start()
    yield target
    server.stop(None)


@pytest.fixture(scope="module")
def target(folder, identity, make_database, nats_url, sandbox_target) -> Iterator[str]:
    """The gRPC target of a payments process."""
    listen = f"unix:{folder}/payments.sock"
    environment = {
        **os.environ,
        "SOKO_SECRET": "a secret for tests that is long enough",
        "SOKO_DATABASE_URL": make_database(),
        "SOKO_NATS_URL": nats_url,
        "SOKO_GRPC_LISTEN": listen,
        "SOKO_IDENTITY_TARGET": identity,
        "SOKO_EARNINGS_HOLD_S": "0",
        "SOKO_SANDBOX_TARGET": sandbox_target,
    }
    command = [sys.executable, "-m", "payments"]
    subprocess.run([*command, "migrate"], env=environment, check=True)
    process = subprocess.Popen([*command, "serve"], env=environment)
    yield listen
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.fixture
async def orders(target) -> AsyncIterator[Peer]:
    """The orders service, as far as payments can tell."""
    peer = Peer("payments", target, service="orders", default_timeout_s=10)
    await asyncio.wait_for(peer.channel.channel_ready(), 10)
    yield peer
    await peer.close()


@pytest.fixture
async def gateway(target) -> AsyncIterator[Peer]:
    peer = Peer("payments", target, service="gateway", default_timeout_s=10)
    yield peer
    await peer.close()


def authorize_request(order_id, token="tok_success"):
    return pb.AuthorizeRequest(
        order_id=order_id,
        amount=Money(amount_minor=3000, currency="KES"),
        method_type="sandbox",
        method_token=token,
        splits=[
            pb.Split(line_id="item_a", seller_id=SELLER, quantity=2, goods_minor=1000),
            pb.Split(line_id="item_b", seller_id=OTHER_SELLER, quantity=1, goods_minor=2000),
        ],
    )


async def list_payments(peer, order_id, service="gateway-itself"):
    stub = rpc.PaymentServiceStub(peer.channel)
    request = pb.ListPaymentsRequest(order_id=order_id)
    return await peer.call(stub.ListPayments, request, metadata=[("soko-service", service)])


async def refused(call):
    with pytest.raises(ServiceError) as error:
        await call
    return error.value.kind, error.value.code


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


async def test_the_ledger_is_read_page_by_page(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    ledger = rpc.LedgerServiceStub(gateway.channel)
    admin = [bearer(ADMIN, "admin")]
    order_id = format_id("ord", new_id())
    await orders.call(payments.Authorize, authorize_request(order_id))
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    entries, cursor = [], ""
    while True:
        request = pb.ListEntriesRequest(order_id=order_id, cursor=cursor, limit=2)
        page = await gateway.call(ledger.ListEntries, request, metadata=admin)
        entries += page.entries
        cursor = page.next_cursor
        if not cursor:
            break
    assert len(entries) == len({entry.id for entry in entries}) == 5
    assert sum(entry.amount.amount_minor for entry in entries) == 0
    accounts = await gateway.call(
        ledger.ListAccounts, pb.ListAccountsRequest(limit=2), metadata=admin
    )
    assert len(accounts.accounts) == 2
    for request in (
        pb.ListEntriesRequest(cursor=accounts.next_cursor),
        pb.ListEntriesRequest(cursor="forged"),
    ):
        call = gateway.call(ledger.ListEntries, request, metadata=admin)
        assert await refused(call) == ("malformed", "invalid_cursor")


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


async def test_a_delivered_order_pays_its_seller(orders, gateway, nats_url):
    payments = rpc.PaymentServiceStub(orders.channel)
    payouts = payout_pb2_grpc.PayoutServiceStub(gateway.channel)
    order_id, seller_order_id = format_id("ord", new_id()), format_id("sor", new_id())
    request = authorize_request(order_id)
    request.splits[0].seller_order_id = seller_order_id
    await orders.call(payments.Authorize, request)
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    member = [bearer(MEMBER)]

    async def available():
        asked = payout_pb2.GetBalanceRequest(seller="a-seller")
        found = await gateway.call(payouts.GetBalance, asked, metadata=member)
        assert (found.seller_id, found.balances[0].currency) == (SELLER, "KES")
        return found.balances[0].available_minor

    before = await available()
    message = OrderDelivered(order_id=order_id, seller_order_id=seller_order_id, seller_id=SELLER)
    message.delivered_at.GetCurrentTime()
    await publish(nats_url, "orders", "order_delivered", message)

    async def released():
        return await available() == before + 900

    await eventually(released, 20)
    asked = payout_pb2.CreatePayoutRequest(
        seller=SELLER, amount=Money(amount_minor=500, currency="KES")
    )
    key = [
        ("soko-idempotency-scope", "c" * 64),
        ("soko-idempotency-key", "one"),
        ("soko-idempotency-fingerprint", "d" * 64),
    ]
    sent = [
        await gateway.call(payouts.CreatePayout, asked, metadata=[*member, *key]) for _ in range(2)
    ]
    assert sent[0] == sent[1]
    assert sent[0].payout.status == "paid"
    assert await available() == before + 400
    listed = await gateway.call(
        payouts.ListPayouts, payout_pb2.ListPayoutsRequest(seller=SELLER), metadata=member
    )
    assert sent[0].payout in listed.payouts


async def publish(nats_url, context, name, message):
    """Publish an event as its relay would."""
    broker = Broker(nats_url, "test")
    await broker.connect()
    await broker.ensure_stream(context)
    event = Envelope(
        new_id(), name, f"/soko/{context}", datetime.now(UTC), "", 1, "",
        message.SerializeToString(),
    )  # fmt: skip
    headers = event.headers(context, str(event.id))
    (answer,) = await broker.request_many(
        [Outgoing(f"soko.{context}.{name}.v1", event.data, headers)]
    )
    assert answer is not None
    await broker.close()


async def test_sellers_money_and_the_books_are_for_those_who_may(gateway):
    payouts = payout_pb2_grpc.PayoutServiceStub(gateway.channel)
    books = bookkeeping_pb2_grpc.BookkeepingServiceStub(gateway.channel)
    member, admin = [bearer(MEMBER)], [bearer(ADMIN, "admin")]
    operator, stranger = [bearer(ADMIN, "operator")], [bearer(format_id("usr", new_id()))]
    order_id = format_id("ord", new_id())
    of_seller = (
        (payouts.GetBalance, payout_pb2.GetBalanceRequest(seller=SELLER)),
        (payouts.ListPayouts, payout_pb2.ListPayoutsRequest(seller=SELLER)),
        (payouts.CreatePayout, payout_pb2.CreatePayoutRequest(seller=SELLER)),
    )
    for method, request in of_seller:
        assert (await refused(gateway.call(method, request)))[0] == "unauthenticated"
        assert (await refused(gateway.call(method, request, metadata=stranger)))[0] == "forbidden"
        request.seller = "sel_unknown"
        assert (await refused(gateway.call(method, request, metadata=member)))[0] == "not_found"
        request.seller = SELLER
    for method, request in of_seller[:2]:
        for staff in (operator, admin, member):
            await gateway.call(method, request, metadata=staff)
    for staff in (operator, admin):
        call = gateway.call(*of_seller[2], metadata=staff)
        assert (await refused(call))[0] == "forbidden"
    for method, request in (
        (books.RecordDispute, bookkeeping_pb2.RecordDisputeRequest(order_id=order_id)),
        (books.RecordSettlement, bookkeeping_pb2.RecordSettlementRequest()),
        (books.ListCommissionRules, bookkeeping_pb2.ListCommissionRulesRequest()),
        (books.PutCommissionRule, bookkeeping_pb2.PutCommissionRuleRequest()),
        (books.RemoveCommissionRule, bookkeeping_pb2.RemoveCommissionRuleRequest()),
        (books.Reconcile, bookkeeping_pb2.ReconcileRequest()),
    ):
        assert (await refused(gateway.call(method, request)))[0] == "unauthenticated"
        for other in (member, stranger):
            assert (await refused(gateway.call(method, request, metadata=other)))[0] == "forbidden"


async def test_operators_keep_the_books(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    books = bookkeeping_pb2_grpc.BookkeepingServiceStub(gateway.channel)
    operator = [bearer(ADMIN, "operator")]
    order_id = format_id("ord", new_id())
    await orders.call(payments.Authorize, authorize_request(order_id))
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))

    def dispute(**values):
        parts = {"order_id": order_id, "reference": "dp_1", "status": "opened", **values}
        request = bookkeeping_pb2.RecordDisputeRequest(**parts)
        return gateway.call(books.RecordDispute, request, metadata=operator)

    opened = (await dispute(fee_minor=15)).dispute
    assert (opened.status, opened.amount.amount_minor, opened.fee.amount_minor) == (
        "opened",
        3000,
        15,
    )
    assert (await dispute(status="won")).dispute.status == "won"
    assert await refused(dispute(status="lost")) == ("conflict", "dispute_decided")
    assert await refused(dispute(status="x")) == ("invalid", "status_invalid")
    assert await refused(dispute(reference="")) == ("invalid", "reference_invalid")
    assert await refused(dispute(fee_minor=-1)) == ("invalid", "amount_invalid")
    too_much = Money(amount_minor=3001, currency="KES")
    assert await refused(dispute(reference="dp_2", amount=too_much)) == (
        "conflict",
        "dispute_exceeds_captured",
    )
    unknown = dispute(order_id=format_id("ord", new_id()))
    assert (await refused(unknown))[0] == "not_found"

    def settle(**values):
        parts = {"provider": "sandbox", "reference": order_id, "settled": too_much, **values}
        request = bookkeeping_pb2.RecordSettlementRequest(**parts)
        return gateway.call(books.RecordSettlement, request, metadata=operator)

    assert (await settle()) == (await settle())
    less = Money(amount_minor=1, currency="KES")
    assert await refused(settle(settled=less)) == ("conflict", "settlement_differs")
    assert await refused(settle(settled=Money())) == ("invalid", "amount_invalid")
    dollars = Money(amount_minor=5, currency="USD")
    assert await refused(settle(fee=dollars)) == ("invalid", "currency_mismatch")
    assert (await settle(reference="in dollars", received=dollars)).id

    def put(**values):
        rule = bookkeeping_pb2.CommissionRule(**{"seller_id": OTHER_SELLER, **values})
        request = bookkeeping_pb2.PutCommissionRuleRequest(rule=rule)
        return gateway.call(books.PutCommissionRule, request, metadata=operator)

    first, second = (await put(rate_bps=500)).rule, (await put(rate_bps=700)).rule
    assert (first.id, second.rate_bps) == (second.id, 700)
    assert await refused(put(rate_bps=10_001)) == ("invalid", "commission_rule_invalid")
    assert (await refused(put(seller_id="sel_x")))[0] == "not_found"
    listing = bookkeeping_pb2.ListCommissionRulesRequest()
    listed = await gateway.call(books.ListCommissionRules, listing, metadata=operator)
    assert list(listed.rules) == [second]
    remove = bookkeeping_pb2.RemoveCommissionRuleRequest(id=first.id)
    await gateway.call(books.RemoveCommissionRule, remove, metadata=operator)
    gone = gateway.call(books.RemoveCommissionRule, remove, metadata=operator)
    assert (await refused(gone))[0] == "not_found"

    compare = bookkeeping_pb2.ReconcileRequest(provider="sandbox")
    compare.since.GetCurrentTime()
    compare.until.GetCurrentTime()
    compare.since.seconds -= 3600
    found = await gateway.call(books.Reconcile, compare, metadata=operator)
    assert (found.complete, found.until.seconds < compare.until.seconds - 200) == (True, True)
    compare.since.seconds -= 40 * 86400
    call = gateway.call(books.Reconcile, compare, metadata=operator)
    assert await refused(call) == ("invalid", "period_invalid")
