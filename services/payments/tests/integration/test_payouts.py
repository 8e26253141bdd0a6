"""Payouts never exceed what is available, and settlements are posted once."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.actor import Actor
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from payments.adapters.deliveries import PostgresDeliveries
from payments.adapters.ledger_reader import PostgresLedger
from payments.adapters.payouts import PostgresPayouts
from payments.adapters.sandbox_payouts import (
    REFUSED_LATER_MINOR,
    REFUSED_MINOR,
    SandboxPayouts,
)
from payments.adapters.settlements import PostgresSettlements
from payments.app.create_payout import CreatePayout, CreatePayoutHandler, PayoutSender
from payments.app.ports import NewDelivery, SellerBalance
from payments.app.provider import ProviderAway
from payments.app.record_settlement import RecordSettlementHandler
from payments.app.seller_access import SellerAccess
from payments.app.send_due_payouts import SendDuePayouts
from payments.domain.errors import (
    AmountInvalid,
    CurrencyMismatch,
    PayoutExceedsAvailable,
    PayoutsUnavailable,
    SettlementDiffers,
)
from payments.domain.ledger import Account
from payments.domain.payment import ProviderState
from payments.domain.settlement import Settlement
from services.payments.tests.builders import NOW, make_payment, make_split
from services.payments.tests.fakes import FixedMemberships

MEMBER = Actor(kind="account", account_id="usr_member")
OPERATOR = Actor(kind="account", account_id="usr_op", roles=frozenset({"operator"}))


class Bank:
    """A channel that does what a test tells it, and knows what it was asked."""

    def __init__(self):
        self.answer = ("paid", "")
        self.away = False
        self.sent = []

    async def send(self, payout):
        self.sent.append(payout.id)
        if self.away:
            raise ProviderAway("the bank answered 500")
        return self.answer


class Desk:
    def __init__(self, database, clock):
        self.told = []
        self.bank = Bank()
        self.payouts = PostgresPayouts(database, lambda: self.told.append("nudge"))
        self.seller = format_id("sel", new_id())
        self.memberships = FixedMemberships({(MEMBER.account_id, self.seller): "finance"})
        self.access = SellerAccess(self.memberships)
        sender = PayoutSender(self.payouts, self.bank, clock)
        self.create = CreatePayoutHandler(self.payouts, sender, self.access, clock)
        self.due = SendDuePayouts(self.payouts, sender, clock)

    async def ask(self, amount_minor=None, currency="KES", actor=MEMBER, payout_id=None):
        amount = None if amount_minor is None else (amount_minor, currency)
        command = CreatePayout(payout_id or new_id(), self.seller, amount)
        return await self.create.handle(command, actor)

    async def balance(self):
        (found,) = await self.payouts.balances(self.seller)
        return found


@pytest.fixture
async def desk(database, clock, postgres_payments):
    """A seller with 1000 that may be paid out."""
    desk = Desk(database, clock)
    await earn(postgres_payments, desk.seller, 1000)
    return desk


async def earn(payments, seller, goods_minor):
    payment = make_payment(
        make_split("item_a", seller, goods_minor=goods_minor, seller_order_id=new_id().hex)
    )
    await payments.open(payment)
    payment.learn(ProviderState("captured"), NOW)
    await payments.save([payment], NOW)
    split = payment.splits[0]
    delivery = NewDelivery(split.seller_order_id, payment.order_id, NOW, NOW)
    await PostgresDeliveries(payments._db).record([delivery])
    await payments.change(payment.id, lambda current: current.account_for_deliveries(NOW), NOW)
    return payment


async def test_a_seller_is_paid_what_it_earned_and_it_is_told(desk, database):
    payout = await desk.ask(400)
    assert payout.status == "paid"
    assert await desk.balance() == SellerBalance("KES", available_minor=600)
    row = await database.fetch_one(
        "SELECT name FROM outbox WHERE aggregate_id = %(id)s", {"id": format_id("pyo", payout.id)}
    )
    assert row["name"] == "payout_sent"
    assert (await desk.ask()).amount_minor == 600
    with pytest.raises(PayoutExceedsAvailable):
        await desk.ask()


async def test_payouts_at_once_never_exceed_what_is_available(desk):
    results = await asyncio.gather(*(desk.ask(300) for _ in range(10)), return_exceptions=True)
    refused = [each for each in results if isinstance(each, PayoutExceedsAvailable)]
    assert len(refused) == 7
    assert {each.extra["available_minor"] for each in refused} == {100}
    assert (await desk.balance()).available_minor == 100


async def test_the_same_payout_again_is_the_same_one(desk):
    payout_id = new_id()
    first, *others = [await desk.ask(700, payout_id=payout_id) for _ in range(3)]
    assert others == [first, first]
    assert desk.bank.sent == [payout_id]


async def test_a_payout_that_fails_goes_back_to_what_is_available(desk):
    desk.bank.answer = ("failed", "account_closed")
    payout = await desk.ask(700)
    assert (payout.status, payout.failure) == ("failed", "account_closed")
    assert (await desk.balance()).available_minor == 1000


async def test_a_lost_answer_is_asked_for_again_until_it_is_known(desk, clock):
    desk.bank.away = True
    payout = await desk.ask(700)
    assert payout.status == "requested"
    assert (await desk.balance()).in_transit_minor == 700
    desk.bank.away = False
    assert payout.id not in [each.id for each in await desk.payouts.claim_due(NOW, 100)]
    clock.advance(timedelta(seconds=5))
    await desk.due.handle()
    (listed,) = await desk.payouts.page(desk.seller, None, 10)
    assert (listed.id, listed.status) == (payout.id, "paid")
    assert desk.bank.sent == [payout.id, payout.id]
    ended = await desk.payouts.end(payout.id, "failed", "late", NOW)
    assert ended.status == "paid"


async def test_a_refund_after_a_payout_leaves_less_than_nothing(desk, postgres_payments):
    payment = await earn(postgres_payments, desk.seller, 50)
    await desk.ask()
    await postgres_payments.change(
        payment.id, lambda current: current.request_refund(new_id(), "", NOW), NOW
    )
    assert (await desk.balance()).available_minor == -50
    with pytest.raises(PayoutExceedsAvailable):
        await desk.ask(1)


async def test_only_owners_and_finance_members_move_money(desk):
    for role in ("manager", "fulfilment", "viewer", ""):
        desk.memberships.roles = {(MEMBER.account_id, desk.seller): role}
        with pytest.raises(ServiceError, match="may not"):
            await desk.ask(1)
    with pytest.raises(ServiceError, match="may not"):
        await desk.ask(1, actor=OPERATOR)
    assert (await desk.access.require(OPERATOR, desk.seller, staff=True)).id == desk.seller
    with pytest.raises(ServiceError) as error:
        await desk.ask(1, actor=Actor())
    assert error.value.kind == "unauthenticated"
    desk.memberships.roles = {(MEMBER.account_id, desk.seller): "owner"}
    assert (await desk.ask(1)).status == "paid"


async def test_a_member_with_a_second_factor_steps_up_first(desk):
    with pytest.raises(ServiceError) as error:
        await desk.ask(1, actor=replace(MEMBER, second_factor=True))
    assert (error.value.kind, error.value.code) == ("forbidden", "step_up_required")
    stepped_up = replace(MEMBER, second_factor=True, stepped_up_until=time.time() + 300)
    assert (await desk.ask(1, actor=stepped_up)).status == "paid"


async def test_impossible_payouts_are_refused(desk, clock):
    for amount_minor in (0, -1):
        with pytest.raises(AmountInvalid):
            await desk.ask(amount_minor)
    with pytest.raises(PayoutExceedsAvailable):
        await desk.ask(1, "USD")
    nobody = CreatePayoutHandler(desk.payouts, None, desk.access, clock)
    with pytest.raises(PayoutsUnavailable):
        await nobody.handle(CreatePayout(new_id(), desk.seller, None), MEMBER)


async def test_payouts_are_listed_newest_first(desk):
    made = [await desk.ask(1) for _ in range(3)]
    first = await desk.payouts.page(desk.seller, None, 2)
    rest = await desk.payouts.page(desk.seller, first[-1].id, 2)
    assert sorted(each.id for each in (*first, *rest)) == sorted(each.id for each in made)


async def test_the_sandbox_pays_once(desk, database):
    channel = SandboxPayouts(database)
    payout = await desk.payouts.request(new_id(), desk.seller, 10, "KES", NOW)
    assert [await channel.send(payout) for _ in range(2)] == [("paid", "")] * 2
    row = await database.fetch_one(
        "SELECT count(*) AS sent FROM sandbox_payout WHERE payout_id = %(id)s", {"id": payout.id}
    )
    assert row["sent"] == 1


@pytest.mark.parametrize(
    ("amount_minor", "first"), [(REFUSED_MINOR, "failed"), (REFUSED_LATER_MINOR, "requested")]
)
async def test_what_the_sandbox_refuses_is_given_back_once(
    desk, database, clock, amount_minor, first
):
    desk.bank = SandboxPayouts(database)
    desk.sender = PayoutSender(desk.payouts, desk.bank, clock)
    desk.create = CreatePayoutHandler(desk.payouts, desk.sender, desk.access, clock)
    payout_id = new_id()
    payout = await desk.ask(amount_minor, payout_id=payout_id)
    assert payout.status == first
    await asyncio.gather(*(desk.sender.send(replace(payout, status="requested")) for _ in range(5)))
    (listed,) = await desk.payouts.page(desk.seller, None, 10)
    assert (listed.status, listed.failure) == ("failed", "account_closed")
    assert await desk.balance() == SellerBalance("KES", available_minor=1000)
    available = Account("seller_available", desk.seller, "KES").id
    entries = await PostgresLedger(database).entries(None, available, None, 10)
    assert [(each.event, each.amount_minor) for each in entries if "payout" in each.event] == [
        ("payout_failed", -amount_minor),
        ("payout_requested", amount_minor),
    ]
    rows = await database.fetch_all(
        "SELECT name FROM outbox WHERE aggregate_id = %(id)s", {"id": format_id("pyo", payout_id)}
    )
    assert [row["name"] for row in rows] == ["payout_failed"]
    assert (await desk.ask(1000)).status == "paid"


def settlement(reference, **values):
    parts = {
        "provider": "sandbox",
        "reference": reference,
        "owed_minor": 970,
        "owed_currency": "KES",
        "fee_minor": 30,
        "received_minor": 970,
        "received_currency": "KES",
        **values,
    }
    return Settlement(Settlement.id_of(parts["provider"], reference), **parts)


async def test_a_settlement_is_posted_once_and_never_changed(database, clock):
    handler = RecordSettlementHandler(PostgresSettlements(database), clock)
    reference, provider = new_id().hex, new_id().hex
    wanted = settlement(reference, provider=provider)
    results = await asyncio.gather(*(handler.handle(wanted) for _ in range(5)))
    assert set(results) == {wanted}
    with pytest.raises(SettlementDiffers):
        await handler.handle(
            settlement(reference, provider=provider, owed_minor=1, received_minor=1)
        )
    owed = Account("provider_receivable", provider, "KES").id
    entries = await PostgresLedger(database).entries(None, owed, None, 10)
    assert {each.event: each.amount_minor for each in entries} == {
        "settlement": -970,
        "provider_fee": -30,
    }
    assert [each.order_id for each in entries] == [None, None]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"owed_minor": 0}, AmountInvalid),
        ({"received_minor": 0}, AmountInvalid),
        ({"fee_minor": -1}, AmountInvalid),
        ({"received_minor": 971}, CurrencyMismatch),
    ],
)
async def test_impossible_settlements_are_refused(database, clock, values, error):
    handler = RecordSettlementHandler(PostgresSettlements(database), clock)
    with pytest.raises(error):
        await handler.handle(settlement(new_id().hex, **values))
