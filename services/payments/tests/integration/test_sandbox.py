"""The sandbox's tokens, through the use cases on PostgreSQL."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from chassis.actor import Actor
from chassis.errors import ServiceError
from chassis.ids import new_id
from payments.adapters.guarded_provider import GuardedProvider
from payments.adapters.payment_repository import PostgresPayments
from payments.app import settle
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.app.decide_payment import DecidePayment, DecidePaymentHandler
from payments.app.settle import as_asked_for
from payments.domain.errors import (
    OrderClosed,
    PaymentDecided,
    PaymentTokenInvalid,
    RefundExceedsCaptured,
)
from services.payments.tests.builders import make_order, make_payment, make_split
from services.payments.tests.conftest import Desk

START = datetime(2000, 1, 1, tzinfo=UTC)
END = datetime(2100, 1, 1, tzinfo=UTC)
OPERATOR = Actor(kind="account", account_id="usr_operator", roles=frozenset({"operator"}))


@dataclass(frozen=True)
class Truth:
    """How a payment stands at the provider, what it moved by kind, in how many steps."""

    status: str
    moved: Counter[str]
    steps: int


@pytest.fixture
def desk(postgres_payments, sandbox, clock):
    return Desk(postgres_payments, GuardedProvider(sandbox), clock)


@pytest.fixture
def decide(desk, sandbox):
    return DecidePaymentHandler(desk.payments, sandbox, sandbox.name, desk.settler).handle


@pytest.fixture
def truth(sandbox, database):
    """What the provider's own log says of an order's payment."""

    async def look(order):
        payment = await PostgresPayments(database, lambda: None).find_by_order(order.order_id)
        if payment.attempt is None:
            return Truth("not_found", Counter(), 0)
        sums: Counter[str] = Counter()
        lines = 0
        async for page in sandbox.report(START, END):
            for line in page:
                if line.attempt_id == payment.attempt.id:
                    sums[line.kind] += line.amount_minor
                    lines += 1
        return Truth((await sandbox.find(as_asked_for(payment))).status, sums, lines)

    return look


async def told(database, order):
    """The events of an order's payment, in order."""
    payment = await PostgresPayments(database, lambda: None).find_by_order(order.order_id)
    rows = await database.fetch_all(
        "SELECT name FROM outbox WHERE aggregate_id = %(id)s ORDER BY sequence",
        {"id": _pay(payment.id)},
    )
    return [row["name"] for row in rows]


def _pay(payment_id):
    from chassis.ids import format_id

    return format_id("pay", payment_id)


async def cancelled(desk, order):
    return await desk.cancel.handle(CancelPayment(order.order_id, "test"))


async def capture(desk, *orders):
    done = await desk.capture.handle(CaptureOrders(tuple(each.order_id for each in orders)))
    return [done[each.order_id] for each in orders]


async def resolve_all(desk):
    desk.clock.advance(timedelta(minutes=2))
    while await desk.resolve.handle():
        pass


async def test_success_is_authorized_captured_and_refunded(desk, database, truth):
    order = make_order("tok_success", make_split(goods_minor=1000, quantity=2))
    assert (await desk.authorize.handle(order)).outcome == "authorized"
    assert await capture(desk, order) == ["captured"]
    command = CreateRefund(new_id(), order.order_id, None, {"item_a": 1}, "broken")
    refund, payment = await desk.refund.handle(command, OPERATOR)
    assert (refund.status, payment.status, payment.refunded_minor) == (
        "succeeded",
        "partially_refunded",
        500,
    )
    log = await truth(order)
    assert log == Truth("captured", {"authorization": 1000, "capture": 1000, "refund": 500}, 3)
    assert await told(database, order) == [
        "payment_authorized",
        "payment_captured",
        "refund_settled",
    ]


@pytest.mark.parametrize(
    ("token", "reason"),
    [("tok_declined", "declined"), ("tok_insufficient_funds", "insufficient_funds")],
)
async def test_declines_are_final_and_say_why(desk, database, token, reason, truth):
    order = make_order(token)
    for _ in range(2):
        answer = await desk.authorize.handle(order)
        assert (answer.outcome, answer.decline_reason) == ("declined", reason)
    assert await cancelled(desk, order) == (True, "failed")
    assert await told(database, order) == ["payment_failed"]
    assert await truth(order) == Truth("declined", {}, 0)


async def test_a_token_that_the_sandbox_does_not_know_leaves_nothing(desk):
    order = make_order("tok_unheard_of")
    with pytest.raises(PaymentTokenInvalid):
        await desk.authorize.handle(order)
    assert await desk.payments.find_by_order(order.order_id) is None


async def test_a_timeout_is_unknown_first_and_then_found_authorized(desk, monkeypatch, truth):
    monkeypatch.setattr(settle, "PROVIDER_TIMEOUT_S", 0.1)
    order = make_order("tok_timeout")
    assert (await desk.authorize.handle(order)).outcome == "unknown"
    assert (await truth(order)).status == "authorized"
    assert (await desk.authorize.handle(order)).outcome == "authorized"
    assert await truth(order) == Truth("authorized", {"authorization": 1000}, 1)


async def test_a_timeout_is_resolved_though_nobody_asks(desk, database, monkeypatch):
    monkeypatch.setattr(settle, "PROVIDER_TIMEOUT_S", 0.1)
    order = make_order("tok_timeout")
    await desk.authorize.handle(order)
    await resolve_all(desk)
    assert await told(database, order) == ["payment_authorized"]


async def test_errors_recover_at_the_third_call(desk, truth):
    order = make_order("tok_error")
    outcomes = [(await desk.authorize.handle(order)).outcome for _ in range(4)]
    # Each Authorize asks twice when it has to.
    assert outcomes == ["unknown", "authorized", "authorized", "authorized"]
    assert (await truth(order)).moved == {"authorization": 1000}


async def test_errors_recover_though_nobody_asks(desk, database):
    order = make_order("tok_error")
    await desk.authorize.handle(order)
    for _ in range(3):
        await resolve_all(desk)
    assert await told(database, order) == ["payment_authorized"]


async def test_a_cancelled_error_ends_as_failed(desk, truth):
    order = make_order("tok_error")
    await desk.authorize.handle(order)
    assert await cancelled(desk, order) == (False, "none")
    desk.clock.advance(timedelta(seconds=11))
    assert await cancelled(desk, order) == (True, "failed")
    assert await truth(order) == Truth("not_found", {}, 0)


async def test_an_awaiting_payment_is_decided_once(desk, database, decide):
    good, bad = make_order("tok_async"), make_order("tok_async")
    ids = {}
    for order in (good, bad):
        answer = await desk.authorize.handle(order)
        assert (answer.outcome, answer.next_action_type) == ("pending", "sandbox")
        ids[order.order_id] = answer.payment_id
    for _ in range(2):
        assert (await decide(DecidePayment(ids[good.order_id], True))).status == "authorized"
        assert (await decide(DecidePayment(ids[bad.order_id], False))).status == "failed"
    with pytest.raises(PaymentDecided):
        await decide(DecidePayment(ids[good.order_id], False))
    with pytest.raises(PaymentDecided):
        await decide(DecidePayment(ids[bad.order_id], True))
    assert await capture(desk, good, bad) == ["captured", "failed"]
    assert await told(database, good) == ["payment_authorized", "payment_captured"]
    assert await told(database, bad) == ["payment_failed"]
    with pytest.raises(PaymentDecided):
        await decide(DecidePayment(ids[good.order_id], False))
    with pytest.raises(ServiceError):
        await decide(DecidePayment(new_id(), True))


async def test_an_awaiting_payment_that_succeeds_after_its_order_ended_is_voided(
    desk, database, decide, truth
):
    order = make_order("tok_async")
    answer = await desk.authorize.handle(order)
    assert await cancelled(desk, order) == (True, "none")
    payment = await decide(DecidePayment(answer.payment_id, True))
    assert payment.status == "voided"
    assert await told(database, order) == ["payment_voided"]
    assert (await truth(order)).status == "voided"
    assert (await decide(DecidePayment(answer.payment_id, True))).status == "voided"
    with pytest.raises(OrderClosed):
        await desk.authorize.handle(order)


async def test_a_hundred_authorizations_of_one_order_are_one(desk, database, sandbox, clock, truth):
    """Half of them in another process, as far as the database can tell."""
    other = Desk(PostgresPayments(database, lambda: None), GuardedProvider(sandbox), clock)
    order = make_order()
    answers = await asyncio.gather(
        *(each.authorize.handle(order) for _ in range(50) for each in (desk, other))
    )
    assert {answer.outcome for answer in answers} <= {"authorized", "unknown"}
    assert len({answer.payment_id for answer in answers}) == 1
    assert (await desk.authorize.handle(order)).outcome == "authorized"
    assert await truth(order) == Truth("authorized", {"authorization": 1000}, 1)
    assert await told(database, order) == ["payment_authorized"]


async def test_cancellations_race_authorizations_and_the_buyer_keeps_the_money(desk, truth):
    orders = [make_order() for _ in range(40)]

    async def authorize(order):
        try:
            return (await desk.authorize.handle(order)).outcome
        except OrderClosed:
            return "closed"

    outcomes, _ = await asyncio.gather(
        asyncio.gather(*(authorize(order) for order in orders)),
        asyncio.gather(*(cancelled(desk, order) for order in reversed(orders))),
    )
    assert set(outcomes) <= {"authorized", "closed"}
    desk.clock.advance(timedelta(seconds=11))
    for order in orders:
        done, last = await cancelled(desk, order)
        assert done
        assert last in ("none", "voided", "failed")
        assert (await truth(order)).status in ("not_found", "voided")


async def test_cancellations_race_captures_and_the_buyer_keeps_the_money(desk, database, truth):
    orders = [make_order() for _ in range(20)]
    await asyncio.gather(*(desk.authorize.handle(order) for order in orders))
    outcomes, _ = await asyncio.gather(
        capture(desk, *orders),
        asyncio.gather(*(cancelled(desk, order) for order in orders)),
    )
    assert set(outcomes) <= {"captured", "failed", "unknown"}
    for order in orders:
        assert (await cancelled(desk, order)) in ((True, "voided"), (True, "refunded"))
        log = await truth(order)
        assert log.status == "voided" or log.moved["refund"] == log.moved["capture"] > 0
        sums = await database.fetch_all(
            "SELECT account_id, sum(amount_minor) FROM ledger_entry"
            " WHERE order_id = %(id)s GROUP BY 1 HAVING sum(amount_minor) <> 0",
            {"id": order.order_id},
        )
        assert sums == []


async def test_the_same_captures_at_once_are_posted_once(desk, database):
    orders = [make_order() for _ in range(20)]
    await asyncio.gather(*(desk.authorize.handle(order) for order in orders))
    rounds = await asyncio.gather(
        capture(desk, *orders), capture(desk, *reversed(orders)), capture(desk, orders[0])
    )
    assert {outcome for outcomes in rounds for outcome in outcomes} <= {"captured", "unknown"}
    assert await capture(desk, *orders) == ["captured"] * 20
    for order in orders:
        assert await told(database, order) == ["payment_authorized", "payment_captured"]


async def test_refunds_at_once_never_exceed_what_was_captured(desk, truth):
    order = make_order("tok_success", make_split(goods_minor=1000))
    await desk.authorize.handle(order)
    await capture(desk, order)

    async def refund(number):
        command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, str(number))
        try:
            return (await desk.refund.handle(command, OPERATOR))[0].status
        except RefundExceedsCaptured:
            return "exceeds"

    outcomes = await asyncio.gather(*(refund(number) for number in range(12)))
    assert sorted(outcomes) == ["exceeds"] * 9 + ["succeeded"] * 3
    assert (await truth(order)).moved["refund"] == 900


async def test_the_same_refund_at_once_is_one(desk, truth):
    order = make_order("tok_success", make_split(goods_minor=1000))
    await desk.authorize.handle(order)
    await capture(desk, order)
    command = CreateRefund(new_id(), order.order_id, (300, "KES"), {}, "")
    results = await asyncio.gather(*(desk.refund.handle(command, OPERATOR) for _ in range(10)))
    assert {refund.id for refund, _ in results} == {command.refund_id}
    assert (await truth(order)).moved["refund"] == 300


async def test_the_sandbox_refuses_to_pay_back_more_than_it_took(desk, sandbox):
    order = make_order("tok_success", make_split(goods_minor=1000))
    await desk.authorize.handle(order)
    attempt = as_asked_for(await desk.payments.find_by_order(order.order_id))
    assert await sandbox.refund(attempt, new_id(), 1) == "failed"
    await capture(desk, order)
    refund_id = new_id()
    assert await sandbox.refund(attempt, refund_id, 900) == "succeeded"
    assert await sandbox.refund(attempt, refund_id, 900) == "succeeded"
    assert await sandbox.refund(attempt, new_id(), 101) == "failed"
    unknown = as_asked_for(make_payment())
    assert await sandbox.refund(unknown, new_id(), 1) == "failed"
