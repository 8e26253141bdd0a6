"""Mail from the row of a delivery to a real SMTP server."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from chassis.clock import FixedClock, SystemClock
from devstack.testing import eventually
from notifications.adapters.catalogs import CatalogNoticeTexts
from notifications.adapters.delivery_queue import PostgresDeliveryQueue
from notifications.adapters.event_store import PostgresEventStore
from notifications.adapters.mail_templates import MailTemplates
from notifications.adapters.smtp import SmtpTransport
from notifications.adapters.smtp_server import SmtpServer
from notifications.app.compose_mail import ComposeMail
from notifications.app.record_updates import RecordUpdates, record_updates
from notifications.app.send_mail import MailSettings, SendMail
from notifications.domain.deliveries import RetryPolicy
from notifications.domain.mail import Contact
from notifications.domain.updates import CredentialUpdate, Update
from notifications.entrypoints.jobs import MailPace, MailWorker
from notifications.entrypoints.mail_figures import MailFigures
from services.notifications.tests.builders import (
    NOON,
    a_link,
    a_link_update,
    an_id,
    an_order,
    an_update,
)
from services.notifications.tests.fakes import FakeContacts, FakeLinks, FakeOrders

RENDERER = MailTemplates()
value = REGISTRY.get_sample_value


class Post:
    """A mail worker that runs against real parts; orders are in memory."""

    def __init__(self, db, mail_server, orders=None) -> None:
        self.db, self.orders, clock = db, orders or FakeOrders(), SystemClock()
        self.links, self.contacts = FakeLinks(), FakeContacts()
        self.transport = SmtpTransport(
            SmtpServer.of_url(mail_server.url), "Soko <no-reply@soko.example>", connections=2
        )
        self.queue = PostgresDeliveryQueue(db)
        settings = MailSettings("soko.example", RetryPolicy(max_attempts=3, base_s=0.05))
        compose = ComposeMail(
            self.orders, self.contacts, self.links, lambda: RENDERER, "https://shop.example"
        )
        send = SendMail(
            self.queue,
            compose,
            self.transport,
            clock,
            settings,
        )
        pace = MailPace(rate_per_s=1000, poll_s=0.05)
        self.worker = MailWorker(self.queue, send, self.transport.close_idle, clock, pace)

    async def confirm(self, **order) -> str:
        placed = an_order(**order)
        self.orders.orders[placed.id] = placed
        async with self.db.transaction() as session:
            command = RecordUpdates([an_update(order_id=placed.id)], SystemClock().now())
            await record_updates(command, PostgresEventStore(session), CatalogNoticeTexts())
        self.worker.nudge()
        return placed.id

    async def ask_for_link(self, request_id: str) -> None:
        await self.record(a_link_update(request_id))

    async def record(self, update: Update) -> None:
        async with self.db.transaction() as session:
            command = RecordUpdates([update], SystemClock().now())
            await record_updates(command, PostgresEventStore(session), CatalogNoticeTexts())
        self.worker.nudge()

    async def rows(self):
        return await self.db.fetch_all(
            "SELECT id, status, attempts, last_error FROM mail_delivery ORDER BY created_at"
        )

    async def settled(self):
        rows = await self.rows()
        return rows if all(row["status"] != "pending" for row in rows) else None


@pytest.fixture
async def post(db, mail_server):
    post, stop = Post(db, mail_server), asyncio.Event()
    running = asyncio.create_task(post.worker.run(stop))
    yield post
    stop.set()
    await running
    await post.transport.close()


async def test_a_confirmation_arrives_in_text_and_html(post, mail_server):
    await post.confirm(locale="ar")
    (row,) = await eventually(post.settled)
    (message,) = mail_server.accepted
    assert (row["status"], row["attempts"]) == ("succeeded", 1)
    assert message["To"] == "buyer@soko.example"
    assert message["Subject"] == "تم تأكيد الطلب 4821-7730-1"
    assert message["Message-ID"] == f"<{row['id']}@soko.example>"
    text, html = message.iter_parts()
    assert "Kiondo basket" in text.get_content()
    assert 'dir="rtl"' in html.get_content()


async def test_a_link_arrives_in_text_and_html_and_is_not_stored(post, mail_server, db):
    request_id = an_id("lnk")
    post.links.links[request_id] = a_link(token="t0ken-of-the-link", locale="fr")
    await post.ask_for_link(request_id)
    (row,) = await eventually(post.settled)
    assert row["status"] == "succeeded"
    (message,) = mail_server.accepted
    assert message["To"] == "buyer@soko.example"
    assert message["Subject"] == "Choisissez un nouveau mot de passe"
    for part in message.iter_parts():
        url = "https://shop.example/reset-password#token=t0ken-of-the-link"
        assert url in part.get_content()
    (stored,) = await db.fetch_all("SELECT d::text AS everything FROM mail_delivery d")
    assert "t0ken" not in stored["everything"]
    assert "buyer@" not in stored["everything"]


async def test_a_changed_password_is_told_once_and_the_address_is_not_stored(post, mail_server, db):
    account = an_id("usr")
    post.contacts.contacts[account] = Contact("buyer@soko.example", "Buyer", "sw")
    update = CredentialUpdate(an_id("evt"), NOON, account, "password_changed")
    await post.record(update)
    await eventually(post.settled)
    (message,) = mail_server.accepted
    assert message["To"] == "buyer@soko.example"
    assert message["Subject"] == "Nenosiri lako limebadilishwa"
    (stored,) = await db.fetch_all("SELECT d::text AS everything FROM mail_delivery d")
    assert "buyer@" not in stored["everything"]
    await post.record(update)
    assert len(await post.rows()) == 1


async def test_a_mail_that_nobody_wants_any_more_is_forgotten(post, mail_server):
    await post.ask_for_link(an_id("lnk"))

    async def gone() -> bool:
        return not await post.rows()

    await eventually(gone)
    assert not mail_server.attempts


async def test_many_mails_share_few_connections(post, mail_server):
    for _ in range(20):
        await post.confirm()
    await eventually(post.settled)
    assert len(mail_server.accepted) == 20
    assert len(mail_server.connections) <= 2


async def test_a_mailbox_that_is_busy_gets_the_mail_later_under_the_same_id(post, mail_server):
    mail_server.answers.extend(["451 try later"])
    await post.confirm()
    (row,) = await eventually(post.settled)
    assert (row["status"], row["attempts"]) == ("succeeded", 2)
    assert len(mail_server.accepted) == 1
    assert len({message["Message-ID"] for message in mail_server.attempts}) == 1


async def test_a_recipient_who_is_greylisted_gets_the_mail_later(post, mail_server):
    mail_server.recipient_answers.extend(["450 greylisted"])
    await post.confirm()
    (row,) = await eventually(post.settled)
    assert (row["status"], row["attempts"]) == ("succeeded", 2)


async def test_an_unknown_recipient_makes_a_dead_mail_without_the_servers_words(post, mail_server):
    mail_server.recipient_answers.extend(["550 no such user buyer@soko.example"])
    await post.confirm()
    (row,) = await eventually(post.settled)
    assert (row["status"], row["attempts"]) == ("dead", 1)
    assert row["last_error"] == "smtp 550"


async def test_a_server_that_wants_other_credentials_kills_no_mail(post, mail_server):
    mail_server.recipient_answers.extend(["530 authentication required"])
    await post.confirm()
    (row,) = await eventually(post.settled)
    assert (row["status"], row["attempts"]) == ("succeeded", 2)


async def test_a_mail_is_dead_after_its_last_attempt(post, mail_server):
    mail_server.answers.extend(["451 no"] * 3)
    await post.confirm()
    (row,) = await eventually(post.settled)
    assert (row["status"], row["attempts"], row["last_error"]) == ("dead", 3, "smtp 451")


async def test_a_server_that_is_down_gets_the_mail_when_it_is_back(post, mail_server):
    mail_server.stop()
    await post.confirm()
    await eventually(lambda: _attempted(post))
    mail_server.start()
    (row,) = await eventually(post.settled)
    assert row["status"] == "succeeded"
    assert len(mail_server.accepted) == 1


async def _attempted(post) -> bool:
    return bool([row for row in await post.rows() if row["last_error"]])


async def test_a_connection_that_died_while_idle_is_replaced(post, mail_server):
    await post.confirm()
    await eventually(post.settled)
    mail_server.stop()
    mail_server.start()
    await post.confirm()
    rows = await eventually(post.settled)
    assert [row["status"] for row in rows] == ["succeeded", "succeeded"]


async def test_hostile_addresses_reach_no_server(post, mail_server):
    await post.confirm(email="a@soko.example\r\nRCPT TO:<all@soko.example>")
    (row,) = await eventually(post.settled)
    assert row["status"] == "dead"
    assert not mail_server.attempts


async def test_two_workers_send_each_mail_once(post, mail_server, db):
    other, stop = Post(db, mail_server, post.orders), asyncio.Event()
    running = asyncio.create_task(other.worker.run(stop))
    for _ in range(30):
        await post.confirm()
    await eventually(post.settled)
    stop.set()
    await running
    await other.transport.close()
    assert len(mail_server.accepted) == 30
    assert len({message["Message-ID"] for message in mail_server.accepted}) == 30


@pytest.mark.parametrize("url", ["http://x", "smtp://", "", "smtp://user@"])
def test_a_wrong_address_of_the_server_is_named_at_once(url):
    with pytest.raises(ValueError):
        SmtpServer.of_url(url)


def test_a_servers_address_may_carry_credentials():
    server = SmtpServer.of_url("smtp+starttls://us%40er:p%2Fw@mail.example")
    assert (server.username, server.password, server.port) == ("us@er", "p/w", 587)


async def test_mail_that_waits_is_told(db, mail_server):
    await db.execute("TRUNCATE mail_delivery")
    clock = FixedClock(SystemClock().now() + timedelta(minutes=10))
    waiting = Post(db, mail_server)
    figures = MailFigures(waiting.queue.backlog, clock)
    await figures.look()
    assert (value("soko_mail_pending"), value("soko_mail_oldest_seconds")) == (0, 0)
    await waiting.confirm()
    await figures.look()
    assert value("soko_mail_pending") == 1
    assert 590 < value("soko_mail_oldest_seconds") < 700
