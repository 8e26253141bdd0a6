"""The provider's own log, against our payments: every way in which they can differ is found."""

import pytest

from chassis.actor import Actor
from chassis.audit import Where
from chassis.clock import SystemClock
from chassis.ids import format_id, new_id
from payments.adapters.json_http import JsonHttp
from payments.adapters.provider_check import ProviderCheck
from payments.adapters.sandbox import SandboxProvider
from payments.app.cancel_payment import CancelPayment
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.app.provider import ProviderPayment
from payments.app.settle import as_asked_for
from services.payments.tests.builders import make_order, make_split
from services.payments.tests.conftest import Desk

OPERATOR = Actor(kind="account", account_id="usr_operator", roles=frozenset({"operator"}))


@pytest.fixture
def desk(postgres_payments, sandbox):
    return Desk(postgres_payments, sandbox, SystemClock())


async def sweep(database, check, limit):
    """Return all breaches, page by page, up to a moment from now."""
    breaches, after = [], ""
    while True:
        page = await check.page(database, Where(after=after, limit=limit, grace_s=-1))
        breaches += page.breaches
        if not page.last:
            return breaches
        after = page.last


@pytest.fixture
async def found(database, sandbox):
    """Return a function that finds what a test did; others left their things in the log before."""
    check = ProviderCheck([sandbox], SystemClock())
    before = {each.key for each in await sweep(database, check, 1000)}

    async def look():
        new = [each for each in await sweep(database, check, 3) if each.key not in before]
        keys = tuple(each.key for each in new)
        if keys:
            again = await check.page(database, Where(keys=keys))
            assert set(again.breaches) == set(new)
        assert all(each.explanation for each in new)
        return {(each.key.split()[0], each.subject_id) for each in new}

    return look


async def authorized(desk, token="tok_success"):
    order = make_order(token, make_split(goods_minor=1000, quantity=2))
    await desk.authorize.handle(order)
    return order, await desk.payments.find_by_order(order.order_id)


async def bought(desk):
    order, _ = await authorized(desk)
    await desk.capture.handle(CaptureOrders((order.order_id,)))
    return order, await desk.payments.find_by_order(order.order_id)


def subject(order):
    return format_id("ord", order.order_id)


async def test_what_both_say_is_no_finding(desk, found):
    order, _ = await bought(desk)
    command = CreateRefund(new_id(), order.order_id, None, {"item_a": 1}, "broken")
    await desk.refund.handle(command, OPERATOR)
    for buyer in (bought, authorized):
        cancelled, _ = await buyer(desk)
        await desk.cancel.handle(CancelPayment(cancelled.order_id, "test"))
    await authorized(desk)
    await authorized(desk, "tok_declined")
    assert await found() == set()


async def test_a_capture_of_nothing_of_ours_is_found(desk, sandbox, found):
    _, payment = await authorized(desk)
    asked = as_asked_for(payment)
    twin = ProviderPayment(
        attempt_id=new_id(),
        payment_id=payment.id,
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        token=asked.token or "tok_success",
        phone="",
        reference="",
        created_at=asked.created_at,
    )
    await sandbox.create(twin)
    assert await found() == {("authorized", format_id("att", twin.attempt_id))}
    await sandbox.capture([twin])
    assert await found() == {("captured", format_id("att", twin.attempt_id))}


async def test_a_capture_that_our_payment_does_not_know_is_found(desk, database, found):
    order, payment = await bought(desk)
    await database.execute(
        "UPDATE payment SET captured_minor = 0, status = 'authorized' WHERE id = %s", (payment.id,)
    )
    assert await found() == {("captured", subject(order))}


async def test_a_capture_that_the_provider_does_not_know_is_found(desk, database, found):
    order, payment = await authorized(desk)
    await database.execute(
        "UPDATE payment SET captured_minor = amount_minor, status = 'captured' WHERE id = %s",
        (payment.id,),
    )
    account = new_id()
    await database.execute(
        "INSERT INTO ledger_account (id, kind, owner, currency, created_at)"
        " VALUES (%s, 'test', %s, 'KES', now())",
        (account, str(account)),
    )
    other = new_id()
    await database.execute(
        "INSERT INTO ledger_account (id, kind, owner, currency, created_at)"
        " VALUES (%s, 'test', %s, 'KES', now())",
        (other, str(other)),
    )
    transaction = new_id()
    await database.execute(
        "INSERT INTO ledger_entry (id, transaction_id, event, account_id, amount_minor, currency,"
        " order_id, created_at) VALUES (%(a)s, %(t)s, 'capture', %(x)s, 1, 'KES', %(o)s, now()),"
        " (%(b)s, %(t)s, 'capture', %(y)s, -1, 'KES', %(o)s, now())",
        {
            "a": new_id(),
            "b": new_id(),
            "t": transaction,
            "x": account,
            "y": other,
            "o": order.order_id,
        },
    )
    assert await found() == {("claimed", subject(order))}


async def test_a_refund_of_nothing_of_ours_is_found(desk, sandbox, found):
    _, payment = await bought(desk)
    refund_id = new_id()
    await sandbox.refund(as_asked_for(payment), refund_id, 5)
    assert await found() == {("refunded", format_id("rfd", refund_id))}


async def test_a_refund_that_the_provider_does_not_know_is_found(desk, database, found):
    order, payment = await bought(desk)
    await database.execute(
        "INSERT INTO refund (id, payment_id, amount_minor, status, reason, lines, is_cancellation,"
        " created_at, updated_at) VALUES (%s, %s, 5, 'succeeded', '', '[]', false, now(), now())",
        (new_id(), payment.id),
    )
    assert await found() == {("repaid", subject(order))}


async def test_an_authorization_that_nobody_wants_is_found(desk, database, found):
    order, payment = await authorized(desk)
    await database.execute(
        "UPDATE payment SET closed_at = now(), status = 'failed' WHERE id = %s", (payment.id,)
    )
    assert await found() == {("authorized", subject(order))}


async def test_a_provider_that_does_not_answer_is_a_finding_of_its_own(desk, database):
    await bought(desk)
    http = JsonHttp("unix:/nowhere")
    check = ProviderCheck([SandboxProvider(http)], SystemClock())
    (breach,) = await sweep(database, check, 1000)
    assert breach.subject_id == "sandbox"
    again = await check.page(database, Where(keys=(breach.key,)))
    assert [each.subject_id for each in again.breaches] == ["sandbox"]
    await http.close()
