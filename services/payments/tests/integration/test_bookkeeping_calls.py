"""Sellers' money and the books, asked of a payments process."""

from chassis.ids import format_id, new_id
from devstack.testing import eventually
from services.payments.tests.builders import OTHER_SELLER, SELLER
from services.payments.tests.integration.calls import (
    ADMIN,
    MEMBER,
    authorize_request,
    bearer,
    publish,
    refused,
)
from soko.audit.v1 import log_pb2, log_pb2_grpc
from soko.common.v1.money_pb2 import Money
from soko.events.v1.orders_pb2 import OrderDelivered
from soko.payments.v1 import (
    bookkeeping_pb2,
    bookkeeping_pb2_grpc,
    payout_pb2,
    payout_pb2_grpc,
)
from soko.payments.v1 import payment_pb2 as pb
from soko.payments.v1 import payment_pb2_grpc as rpc


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


async def test_the_audit_log_tells_which_person_moved_money_or_changed_the_books(orders, gateway):
    payments = rpc.PaymentServiceStub(orders.channel)
    refunds = rpc.RefundServiceStub(gateway.channel)
    books = bookkeeping_pb2_grpc.BookkeepingServiceStub(gateway.channel)
    log = log_pb2_grpc.AuditLogServiceStub(gateway.channel)
    operator, admin = format_id("usr", new_id()), [bearer(ADMIN, "admin")]
    staff = [bearer(operator, "operator")]
    order_id = format_id("ord", new_id())
    await orders.call(payments.Authorize, authorize_request(order_id))
    await orders.call(payments.Capture, pb.CaptureRequest(order_ids=[order_id]))
    asked = pb.CreateRefundRequest(
        order_id=order_id, amount=Money(amount_minor=500, currency="KES"), reason="sample"
    )
    await gateway.call(refunds.CreateRefund, asked, metadata=staff)
    rule = await gateway.call(
        books.PutCommissionRule,
        bookkeeping_pb2.PutCommissionRuleRequest(
            rule=bookkeeping_pb2.CommissionRule(seller_id=format_id("sel", new_id()), rate_bps=900)
        ),
        metadata=staff,
    )
    removal = bookkeeping_pb2.RemoveCommissionRuleRequest(id=rule.rule.id)
    await gateway.call(books.RemoveCommissionRule, removal, metadata=staff)

    async def acts(account_id):
        request = log_pb2.ListEntriesRequest(account_id=account_id, limit=100)
        return (await gateway.call(log.ListEntries, request, metadata=admin)).entries

    entries = sorted(await acts(operator), key=lambda entry: (entry.at.seconds, entry.at.nanos))
    assert [entry.act for entry in entries] == [
        "refund_requested",
        "commission_rule_set",
        "commission_rule_removed",
    ]
    assert (entries[0].subject, entries[0].outcome) == (order_id, "succeeded")
    assert '"amount_minor":500' in entries[0].detail_json
    assert [entry.id for entry in await acts(order_id)] == [entries[0].id]
    refusal = gateway.call(log.ListEntries, log_pb2.ListEntriesRequest(), metadata=staff)
    assert await refused(refusal) == ("forbidden", "forbidden")
