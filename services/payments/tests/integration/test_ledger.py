"""The database itself guards the ledger."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY

from chassis.clock import FixedClock, SystemClock
from chassis.ids import new_id
from chassis.migrations import check
from payments.adapters.ledger_reader import PostgresLedger
from payments.domain.ledger import Account
from payments.domain.payment import ProviderState
from payments.entrypoints.money_figures import LedgerWatch
from services.payments.tests.builders import NOW, make_payment, make_split
from services.payments.tests.conftest import MIGRATIONS

INSERT = """
INSERT INTO ledger_entry
    (id, transaction_id, event, account_id, amount_minor, currency, order_id, created_at)
SELECT gen_random_uuid(), t, 'test', a, m, c, gen_random_uuid(), now()
FROM unnest(%(t)s::uuid[], %(a)s::uuid[], %(m)s::bigint[], %(c)s::text[]) AS e (t, a, m, c)
"""


async def captured(payments, *splits):
    payment = make_payment(*splits)
    await payments.open(payment)
    payment.learn(ProviderState("captured"), NOW)
    await payments.save([payment], NOW)
    return payment


@pytest.fixture
async def accounts(postgres_payments) -> list[UUID]:
    """Accounts that exist: provider_receivable and buyer_clearing, in KES."""
    await captured(postgres_payments)
    kinds = ("provider_receivable", "sandbox"), ("buyer_clearing", "platform")
    return [Account(*each, "KES").id for each in kinds]


async def enter(statements, accounts, amounts, currencies=("KES", "KES"), transactions=None):
    await statements.execute(
        INSERT,
        {
            "t": transactions or [new_id()] * len(amounts),
            "a": accounts,
            "m": list(amounts),
            "c": list(currencies),
        },
    )


def test_the_migrations_make_the_tables(payments_url):
    check(payments_url, MIGRATIONS, "payments")


async def test_entries_that_balance_are_entered(database, accounts):
    await enter(database, accounts, (5, -5))


async def test_entries_that_do_not_balance_are_refused(database, accounts):
    with pytest.raises(psycopg.errors.CheckViolation):
        await enter(database, accounts, (5, -4))


async def test_two_transactions_do_not_balance_each_other(database, accounts):
    with pytest.raises(psycopg.errors.CheckViolation):
        await enter(database, accounts, (5, -5), transactions=[new_id(), new_id()])


async def test_two_currencies_do_not_balance_each_other(database, accounts):
    with pytest.raises(psycopg.errors.CheckViolation):
        await enter(database, accounts, (5, -5), ("KES", "USD"))


async def test_an_account_has_one_currency(database, accounts):
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        await enter(database, accounts, (5, -5), ("USD", "USD"))


async def test_a_transaction_cannot_grow_later(database, accounts):
    transaction = new_id()
    await enter(database, accounts, (5, -5), transactions=[transaction] * 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await enter(database, accounts, (5, -5), transactions=[transaction] * 2)


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_account"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET currency = 'USD'", "DELETE FROM {}", "TRUNCATE {}"]
)
async def test_nothing_that_was_entered_changes(database, accounts, table, change):
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        await database.execute(change.format(table))


async def test_the_same_capture_cannot_be_posted_twice(database, postgres_payments):
    payment = await captured(postgres_payments)
    await database.execute(
        "UPDATE payment SET status = 'none', captured_minor = 0 WHERE id = %(id)s",
        {"id": payment.id},
    )
    again = await postgres_payments.get(payment.id)
    again.learn(ProviderState("captured"), NOW)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await postgres_payments.save([again], NOW)


async def test_balances_are_the_sums_of_the_entries(database, postgres_payments):
    seller = "sel_" + new_id().hex
    for goods_minor in (100, 250):
        await captured(postgres_payments, make_split("item_a", seller, goods_minor=goods_minor))
    ledger = PostgresLedger(database)
    found, after = [], None
    while page := await ledger.accounts(after, 3):
        found += page
        after = page[-1].id
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert {each.balance_minor for each in found if each.owner == seller} == {-350}
    assert sum(each.balance_minor for each in found) == 0


async def test_entries_are_listed_newest_first_and_filtered(database, postgres_payments):
    payment = await captured(postgres_payments)
    ledger = PostgresLedger(database)
    entries = await ledger.entries(payment.order_id, None, None, 10)
    assert [each.event for each in entries] == ["split", "split", "capture", "capture"]
    assert sum(each.amount_minor for each in entries) == 0
    rest = await ledger.entries(payment.order_id, None, entries[1].id, 10)
    assert rest == entries[2:]
    of_account = await ledger.entries(payment.order_id, entries[0].account_id, None, 10)
    assert [each.id for each in of_account] == [entries[0].id]
    assert len(await ledger.entries(None, None, None, 2)) == 2


async def test_what_does_not_balance_is_told_per_currency_and_makes_up_for_nothing(
    database, accounts
):
    clock, told = FixedClock(SystemClock().now()), REGISTRY.get_sample_value
    watch = LedgerWatch(PostgresLedger(database).imbalances, clock)
    await enter(database, accounts, (5, -5))
    await watch.look()
    assert told("soko_ledger_imbalance_minor", {"currency": "KES"}) == 0
    async with database.transaction() as session:
        await session.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_checked")
        for amounts in ((7, -5), (-3, 1)):
            await enter(session, accounts, amounts)
        await session.execute("ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_checked")
    await watch.look()
    assert told("soko_ledger_imbalance_minor", {"currency": "KES"}) == 4
    # Later than whatever other tests have entered ahead of their time.
    clock = FixedClock(clock.now() + timedelta(days=365))
    await LedgerWatch(PostgresLedger(database).imbalances, clock).look()
    assert told("soko_ledger_imbalance_minor", {"currency": "KES"}) is None
