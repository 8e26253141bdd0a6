"""The books against the provider's own report: each difference is told, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.clock import FixedClock
from chassis.ids import new_id
from payments.adapters.reported_movements import PostgresReportedMovements
from payments.app.capture import CaptureOrders
from payments.app.create_refund import CreateRefund
from payments.app.methods import Method, Methods
from payments.app.provider import Movement
from payments.app.reconcile import Difference, Reconcile, ReconcileHandler
from payments.domain.errors import MethodUnavailable, PeriodInvalid
from services.payments.tests.builders import NOW, make_order
from services.payments.tests.conftest import Desk
from services.payments.tests.fakes import ScriptedProvider
from services.payments.tests.unit.test_use_cases import OPERATOR

DAY = timedelta(days=1)


class Reporting(ScriptedProvider):
    """A provider whose report a test writes."""

    lines = ()

    async def report(self, since, until):
        lines = [line for line in self.lines if since <= line.at < until]
        for start in range(0, len(lines), 2):
            yield lines[start : start + 2]


def movement(kind, subject_id, amount_minor=1000, currency="KES", at=NOW):
    attempt_id, refund_id = (subject_id, None) if kind == "capture" else (None, subject_id)
    number = new_id().hex
    return Movement(number, kind, attempt_id, refund_id, amount_minor, 0, currency, at)


@pytest.fixture
def provider():
    # A name of its own: the tests share one database.
    return Reporting(name="reporting_" + new_id().hex[-8:])


@pytest.fixture
def books(postgres_payments, provider, clock, database):
    desk = Desk(postgres_payments, provider, clock)
    methods = Methods({"sandbox": Method("sandbox", "Sandbox", provider)})
    reported = PostgresReportedMovements(database)
    later = FixedClock(NOW + timedelta(hours=1))
    return desk, ReconcileHandler(methods, reported, later)


async def captured(desk):
    order = make_order()
    await desk.authorize.handle(order)
    await desk.capture.handle(CaptureOrders((order.order_id,)))
    return await desk.payments.find_by_order(order.order_id)


async def refunded(desk, amount_minor):
    payment = await captured(desk)
    command = CreateRefund(new_id(), payment.order_id, (amount_minor, "KES"), {}, "")
    refund, payment = await desk.refund.handle(command, OPERATOR)
    return refund, payment


async def compare(books, provider, lines, since=NOW - DAY, until=NOW + DAY):
    provider.lines = lines
    return await books[1].handle(Reconcile(provider.name, since, until))


async def test_books_and_report_that_agree_have_no_differences(books, provider, database):
    refund, payment = await refunded(books[0], 400)
    lines = [
        movement("authorization", payment.attempt.id),
        movement("capture", payment.attempt.id),
        movement("refund", refund.id, 400),
    ]
    found = await compare(books, provider, lines)
    assert (found.theirs, found.ours, found.differences, found.complete) == (2, 2, [], True)
    row = await database.fetch_one("SELECT count(*) AS kept FROM reported_movement")
    assert row["kept"] == 0


async def test_what_the_provider_did_without_our_knowing_is_told(books, provider):
    refund, payment = await refunded(books[0], 400)
    unknown, foreign = movement("capture", new_id()), movement("refund", None, 7)
    lines = [
        movement("capture", payment.attempt.id),
        unknown,
        movement("refund", refund.id, 400),
        foreign,
    ]
    found = await compare(books, provider, lines)
    assert [(each.kind, each.movement_id) for each in found.differences] == [
        ("missing_here", unknown.id),
        ("missing_here", foreign.id),
    ]
    assert found.differences[0].theirs == (1000, "KES")


async def test_what_the_provider_does_not_know_of_is_told(books, provider):
    refund, payment = await refunded(books[0], 400)
    found = await compare(books, provider, [])
    assert {(each.kind, each.subject_id, each.ours) for each in found.differences} == {
        ("missing_there", payment.attempt.id, (1000, "KES")),
        ("missing_there", refund.id, (400, "KES")),
    }


async def test_other_amounts_and_currencies_are_told(books, provider):
    refund, payment = await refunded(books[0], 400)
    lines = [
        movement("capture", payment.attempt.id, 1000, "USD"),
        movement("refund", refund.id, 401),
    ]
    found = await compare(books, provider, lines)
    assert [(each.kind, each.ours, each.theirs) for each in found.differences] == [
        ("amount_differs", (1000, "KES"), (1000, "USD")),
        ("amount_differs", (400, "KES"), (401, "KES")),
    ]


async def test_what_stands_otherwise_here_is_told(books, provider):
    desk = books[0]
    order = make_order()
    await desk.authorize.handle(order)
    authorized = await desk.payments.find_by_order(order.order_id)
    provider.refund_outcome = "pending"
    refund, payment = await refunded(desk, 400)
    lines = [
        movement("capture", authorized.attempt.id),
        movement("capture", payment.attempt.id),
        movement("refund", refund.id, 400),
    ]
    found = await compare(books, provider, lines)
    assert [(each.kind, each.status) for each in found.differences] == [
        ("status_differs", "authorized"),
        ("status_differs", "pending"),
    ]
    assert isinstance(found.differences[0], Difference)


async def test_what_is_on_its_way_into_the_books_is_not_told(books, provider):
    late = movement("capture", new_id(), at=NOW + timedelta(minutes=56))
    found = await compare(books, provider, [late])
    assert (found.differences, found.until) == ([], NOW + timedelta(minutes=55))


async def test_what_was_booked_late_is_found_in_the_report_before(books, provider):
    payment = await captured(books[0])
    line = movement("capture", payment.attempt.id, at=NOW - timedelta(hours=2))
    found = await compare(books, provider, [line], since=NOW - timedelta(hours=1))
    assert found.differences == []


async def test_no_more_differences_are_told_than_fit(books, provider, monkeypatch):
    monkeypatch.setattr("payments.app.reconcile._MOST_DIFFERENCES", 3)
    found = await compare(books, provider, [movement("capture", new_id()) for _ in range(5)])
    assert (len(found.differences), found.complete) == (3, False)


async def test_impossible_questions_are_refused(books, provider):
    for since, until in ((NOW, NOW), (NOW - 32 * DAY, NOW), (NOW + DAY, NOW + 2 * DAY)):
        with pytest.raises(PeriodInvalid):
            await compare(books, provider, [], since, until)
    with pytest.raises(MethodUnavailable):
        await books[1].handle(Reconcile("nobody", NOW - DAY, NOW))


async def test_the_sandbox_reports_what_it_did(postgres_payments, sandbox, database):
    now = datetime.now(UTC)
    clock = FixedClock(now)
    desk = Desk(postgres_payments, sandbox, clock)
    refund, payment = await refunded(desk, 400)
    methods = Methods({"sandbox": Method("sandbox", "Sandbox", sandbox)})
    later = FixedClock(now + timedelta(minutes=10))
    handler = ReconcileHandler(methods, PostgresReportedMovements(database), later)
    command = Reconcile("sandbox", now - timedelta(minutes=1), now + timedelta(minutes=5))
    mine = {payment.attempt.id, refund.id}
    found = await handler.handle(command)
    assert not [each for each in found.differences if each.subject_id in mine]
    assert found.theirs >= 2
