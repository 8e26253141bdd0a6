"""One suite for the fake and for PostgreSQL: both keep the same promises."""

from datetime import timedelta

import pytest

from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.adapters.delivery_queue import PostgresDeliveryQueue
from notifications.adapters.event_store import PostgresEventStore
from notifications.adapters.inbox import PostgresInbox
from notifications.adapters.message_log import PostgresMessageLog
from notifications.app.ports import StoredMessage
from notifications.app.record_updates import RecordUpdates, record_updates
from notifications.domain.updates import AccountUpdate, RefundUpdate
from services.notifications.tests.builders import NOON, an_id, an_update
from services.notifications.tests.fakes import (
    FakeDeliveryQueue,
    FakeEventStore,
    FakeInbox,
    FakeMessageLog,
)


class Memory:
    def __init__(self) -> None:
        self.store = FakeEventStore()
        self.inbox, self.log, self.queue = FakeInbox(), FakeMessageLog(), FakeDeliveryQueue()

    async def record(self, *updates):
        known = set(self.store.mails)
        command = RecordUpdates(updates, NOON)
        messages = (await record_updates(command, self.store, TEXTS)).messages
        self.inbox.notices = self.store.notices
        self.log.messages += [StoredMessage(m.group, m.sequence, "{}") for m in messages]
        for key in set(self.store.mails) - known:
            mail = self.store.mails[key]
            await self.queue.add(mail.kind, mail.order_id, NOON)
        return messages

    async def statuses(self):
        return sorted(row.status for row in self.queue.rows.values())


class Postgres:
    def __init__(self, db) -> None:
        self.db = db
        self.inbox, self.log = PostgresInbox(db), PostgresMessageLog(db)
        self.queue = PostgresDeliveryQueue(db)

    async def record(self, *updates):
        async with self.db.transaction() as session:
            store = PostgresEventStore(session)
            return (await record_updates(RecordUpdates(updates, NOON), store, TEXTS)).messages

    async def statuses(self):
        rows = await self.db.fetch_all("SELECT status FROM mail_delivery ORDER BY status")
        return [row["status"] for row in rows]


TEXTS = CatalogNoticeTexts()


@pytest.fixture(params=["memory", "postgres"])
def storage(request):
    if request.param == "memory":
        return Memory()
    return Postgres(request.getfixturevalue("db"))


async def test_messages_are_kept_in_sequence_over_batches(storage):
    order, account = an_id("ord"), an_id("usr")
    for name in ("order_placed", "order_confirmed", "order_payment_changed"):
        await storage.record(an_update(name, order_id=order, account_id=account))
    group = f"order_{order}"
    assert [m.sequence for m in await storage.log.after(group, 0, 10)] == [1, 2, 3]
    assert [m.sequence for m in await storage.log.after(group, 1, 1)] == [2]
    assert (await storage.log.newest(group)).sequence == 3
    assert await storage.log.last_sequence(f"user_{account}") == 4
    assert await storage.log.last_sequence(f"order_{an_id('ord')}") == 0
    assert await storage.log.newest(f"order_{an_id('ord')}") is None
    assert len(await storage.log.told_since(NOON, 100)) == 7


async def test_an_inbox_shows_and_marks_its_own_entries_only(storage):
    mine, other = an_id("usr"), an_id("usr")
    await storage.record(*[an_update(account_id=mine) for _ in range(3)])
    await storage.record(an_update(account_id=other))
    page = await storage.inbox.page(mine, None, 2)
    assert (len(page.notices), page.unread) == (2, 3)
    rest = await storage.inbox.page(mine, page.notices[-1].id, 2)
    assert len(rest.notices) == 1
    first = page.notices[0]
    assert (first.account_id, first.params) == (mine, {"number": "4821-7730-1"})
    assert await storage.inbox.mark_read(other, first.id, NOON) is None
    assert await storage.inbox.mark_read(mine, "ntf_nonsense", NOON) is None
    for _ in range(2):
        assert (await storage.inbox.mark_read(mine, first.id, NOON)).read
    assert (await storage.inbox.page(mine, None, 2)).unread == 2


async def test_a_fact_is_mailed_once_however_often_it_is_told(storage):
    order = an_id("ord")
    refund = RefundUpdate(an_id("evt"), NOON, an_id("rfd"), order, 1500, "KES")
    for _ in range(2):
        await storage.record(an_update(order_id=order), refund)
    assert await storage.statuses() == ["pending", "pending"]


async def test_a_claim_counts_and_keeps_others_away_until_its_lease_ends(storage):
    await storage.record(an_update())
    (first,) = await storage.queue.claim(NOON, 90, 10)
    assert first.attempts == 1
    assert not await storage.queue.claim(NOON + timedelta(seconds=89), 90, 10)
    (second,) = await storage.queue.claim(NOON + timedelta(seconds=91), 90, 10)
    assert (second.id, second.attempts) == (first.id, 2)
    await storage.queue.bury(first, NOON, "the first claim's word counts no more")
    assert await storage.statuses() == ["pending"]
    await storage.queue.retry(second, NOON + timedelta(hours=1), "smtp 451")
    assert not await storage.queue.claim(NOON + timedelta(minutes=59), 90, 10)
    (third,) = await storage.queue.claim(NOON + timedelta(minutes=60), 90, 10)
    await storage.queue.bury(third, NOON, "smtp 550")
    assert await storage.statuses() == ["dead"]
    await storage.queue.succeed(third.id, NOON)
    assert await storage.statuses() == ["dead"]


async def test_a_mail_that_was_accepted_is_settled_whoever_claimed_it_since(storage):
    await storage.record(an_update())
    (first,) = await storage.queue.claim(NOON, 90, 10)
    await storage.queue.claim(NOON + timedelta(seconds=91), 90, 10)
    await storage.queue.succeed(first.id, NOON)
    assert await storage.statuses() == ["succeeded"]


async def test_the_language_of_an_account_can_change(storage):
    account = an_id("usr")
    for locale, title in (("fr", "La commande"), ("sw", "Oda")):
        await storage.record(AccountUpdate(an_id("evt"), NOON, account, locale))
        messages = await storage.record(an_update(account_id=account))
        assert messages[-1].body["payload"]["title"].startswith(title)
