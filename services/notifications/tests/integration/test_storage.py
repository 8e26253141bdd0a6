import asyncio
import json
from datetime import timedelta

import pytest

from chassis.actor import Actor
from chassis.context import RequestContext, enter, leave
from chassis.ids import parse_id
from chassis.migrations import check
from chassis.personal_data import PersonalDataServicer
from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.adapters.delivery_queue import PostgresDeliveryQueue
from notifications.adapters.event_store import PostgresEventStore
from notifications.adapters.message_log import PostgresMessageLog
from notifications.adapters.personal_data import PERSONAL_DATA
from notifications.adapters.retention import Retention, forget_old
from notifications.app.record_updates import RecordUpdates, record_updates
from notifications.domain.updates import AccountGone, AccountUpdate
from services.notifications.tests.builders import NOON, an_id, an_update
from services.notifications.tests.conftest import MIGRATIONS
from soko.privacy.v1.personal_data_pb2 import ListPersonalDataRequest

TEXTS = CatalogNoticeTexts()


async def record(db, *updates):
    async with db.transaction() as session:
        store = PostgresEventStore(session)
        return (await record_updates(RecordUpdates(updates, NOON), store, TEXTS)).messages


def test_tables_and_migrations_agree(notifications_database_url):
    check(notifications_database_url, MIGRATIONS, "notifications")


async def test_sequences_stay_gapless_while_many_consumers_write_the_same_groups(db):
    account, orders = an_id("usr"), [an_id("ord") for _ in range(5)]

    async def consume(turn: int) -> None:
        shuffled = orders[turn % 5 :] + orders[: turn % 5]
        await record(db, *[an_update(order_id=o, account_id=account) for o in shuffled])

    await asyncio.gather(*[consume(turn) for turn in range(40)])
    log = PostgresMessageLog(db)
    for group, count in [(f"user_{account}", 400), *[(f"order_{o}", 40) for o in orders]]:
        messages = await log.after(group, 0, 1000)
        assert [m.sequence for m in messages] == list(range(1, count + 1))
        assert await log.last_sequence(group) == count


async def test_a_batch_that_fails_takes_no_sequence_number(db):
    order = an_id("ord")

    async def fail() -> None:
        async with db.transaction() as session:
            command = RecordUpdates([an_update(order_id=order)], NOON)
            await record_updates(command, PostgresEventStore(session), TEXTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    (message,) = await record(db, an_update(order_id=order))
    assert message.sequence == 1


async def test_workers_never_claim_the_same_mail(db):
    await record(db, *[an_update() for _ in range(50)])
    queue = PostgresDeliveryQueue(db)
    claims = await asyncio.gather(*[queue.claim(NOON, 90, 10) for _ in range(8)])
    ids = [delivery.id for claim in claims for delivery in claim]
    assert len(ids) == len(set(ids)) == 50


async def test_old_messages_go_and_sequences_count_on(db):
    order = an_id("ord")
    await record(db, an_update(order_id=order), an_update(order_id=order))
    assert await forget_old(db, Retention(), NOON + timedelta(days=6)) == 0
    assert await forget_old(db, Retention(), NOON + timedelta(days=8)) == 2
    (message,) = await record(db, an_update(order_id=order))
    assert message.sequence == 3


async def test_settled_mail_goes_late_and_dead_mail_stays(db):
    await record(db, an_update(), an_update())
    queue = PostgresDeliveryQueue(db)
    sent, dead = await queue.claim(NOON, 90, 2)
    await queue.succeed(sent.id, NOON)
    await queue.bury(dead, NOON, "smtp 550")
    await forget_old(db, Retention(messages=timedelta(days=999)), NOON + timedelta(days=91))
    rows = await db.fetch_all("SELECT id FROM mail_delivery")
    assert [row["id"] for row in rows] == [dead.id]


async def test_a_deleted_account_leaves_nothing_and_nothing_comes_after_it(db):
    account, other = an_id("usr"), an_id("usr")
    for each in (account, other):
        await record(db, AccountUpdate(an_id("evt"), NOON, each, "sw"), an_update(account_id=each))
    await record(db, AccountGone(an_id("evt"), NOON, account))
    late = AccountUpdate(an_id("evt"), NOON, account, "fr")
    await record(db, late, an_update(account_id=account))
    noted = await db.fetch_all("SELECT account_id FROM notification")
    assert [row["account_id"] for row in noted] == [parse_id("usr", other)]
    languages = await db.fetch_all("SELECT locale FROM account_locale ORDER BY locale")
    assert [row["locale"] for row in languages] == ["", "sw"]
    (message,) = await PostgresMessageLog(db).after(f"user_{account}", 0, 10)
    assert json.loads(message.body_json)["type"] == "order_status_update"


async def test_an_account_reads_its_inbox_and_its_language(db):
    account, other = an_id("usr"), an_id("usr")
    for each in (account, other):
        await record(db, AccountUpdate(an_id("evt"), NOON, each, "sw"), an_update(account_id=each))
    token = enter(RequestContext(actor=Actor(kind="account", account_id=account)))
    try:
        servicer = PersonalDataServicer(db, PERSONAL_DATA)
        first = await servicer.ListPersonalData(ListPersonalDataRequest(), None)
        second = await servicer.ListPersonalData(
            ListPersonalDataRequest(cursor=first.next_cursor), None
        )
    finally:
        leave(token)
    assert [(each.kind, each.id) for each in first.records] == [("language", account)]
    (notice,) = [json.loads(each.json) for each in second.records]
    assert notice["event"] == "order_confirmed"
    assert not second.next_cursor
