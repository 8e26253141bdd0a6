"""A migrated database, a broker and a mail server for this service's tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import notifications
from chassis.broker import Broker
from chassis.database import Database
from chassis.migrations import upgrade
from devstack.nats import NatsServer
from services.notifications.tests.mail_server import MailServer

MIGRATIONS = Path(notifications.__file__ or "").parent / "migrations"


@pytest.fixture(scope="session")
def notifications_database_url(make_database: Callable[[], str]) -> str:
    url = make_database()
    upgrade(url, MIGRATIONS, "notifications")
    return url


@pytest.fixture
async def db(notifications_database_url: str) -> AsyncIterator[Database]:
    with psycopg.connect(notifications_database_url, autocommit=True) as connection:
        connection.execute(
            "TRUNCATE notification, account_locale, realtime_group, realtime_message,"
            " mail_delivery, audit_report, audit_turn, inbox, dead_letter, idempotency_key"
        )
    database = Database(notifications_database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def own_nats_url() -> Iterator[str]:
    """Run a broker of our own, because the durable consumer would hear other services' tests."""
    folder = Path(tempfile.mkdtemp(prefix="soko-n-nats-"))
    server = NatsServer(folder, durable=False)
    try:
        server.start()
        yield server.url
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def broker(own_nats_url: str) -> AsyncIterator[Broker]:
    connection = Broker(own_nats_url, "notifications-test")
    await connection.connect()
    yield connection
    await connection.close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()
