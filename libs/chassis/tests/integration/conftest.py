"""A migrated database and the parts under test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from chassis import migrations
from chassis.broker import Broker
from chassis.database import Database
from chassis.outbox import OutgoingEvent

TREE = Path(__file__).parent / "migrated"


@pytest.fixture(scope="module")
def migrated_url(make_database: Callable[[], str]) -> str:
    url = make_database()
    migrations.upgrade(url, TREE, "chassis")
    return url


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    database = Database(migrated_url)
    await database.open()
    await database.execute(
        "TRUNCATE outbox, outbox_sequence, relay_state, inbox, dead_letter, idempotency_key"
    )
    yield database
    await database.close()


@pytest.fixture
async def broker(nats_url: str) -> AsyncIterator[Broker]:
    connected = Broker(nats_url, "test", on_closed=lambda: None)
    await connected.connect()
    yield connected
    await connected.close()


@pytest.fixture
def context() -> str:
    """A context of the test's own, so that no other test's events are in its stream."""
    from chassis.ids import new_id

    return f"test{new_id().hex}"


def make_event(aggregate_id: str, text: str = "", name: str = "thing_done") -> OutgoingEvent:
    return OutgoingEvent(name=name, aggregate_id=aggregate_id, message=StringValue(value=text))
