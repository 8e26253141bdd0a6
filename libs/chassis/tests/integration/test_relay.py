import asyncio
import contextlib
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chassis.broker import Broker, stream_name
from chassis.database import Database
from chassis.envelope import Envelope, parse
from chassis.outbox import Relay, append
from chassis.retention import oldest_id_since
from devstack.nats import NatsServer
from devstack.testing import eventually
from libs.chassis.tests.integration.conftest import make_event


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A server that a test may kill."""
    server = NatsServer(tmp_path, durable=False)
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def running(*parts: Relay) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(part.run(stop)) for part in parts]
    yield
    stop.set()
    await asyncio.gather(*tasks)


async def write(db: Database, things: int, each: int) -> None:
    async with db.transaction() as session:
        for number in range(each):
            for thing in range(things):
                await append(session, make_event(f"thing_{thing}", str(number)))


async def all_published(db: Database) -> bool:
    row = await db.fetch_one("SELECT count(*) AS open FROM outbox WHERE published_at IS NULL")
    return row == {"open": 0}


async def stored(broker: Broker, context: str) -> list[Envelope]:
    """Read a whole stream in its order."""
    js = broker._client.jetstream(timeout=0.5)
    state = (await js.stream_info(stream_name(context))).state
    events = []
    for number in range(state.first_seq, state.last_seq + 1):
        message = await js.get_msg(stream_name(context), number)
        events.append(parse(message.headers, message.data or b""))
    return events


def numbers_by_thing(events: list[Envelope]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for event in events:
        found[event.aggregate_id].append(event.sequence)
    return found


async def test_an_event_travels_with_its_attributes(
    db: Database, broker: Broker, context: str
) -> None:
    event = make_event("thing_1", "hello")
    async with running(relay := Relay(db, broker, context)):
        await append(db, event)
        relay.nudge()
        await eventually(lambda: all_published(db))
    (found,) = await stored(broker, context)
    assert (found.id, found.name, found.source) == (event.id, "thing_done", f"/soko/{context}")
    assert (found.aggregate_id, found.sequence) == ("thing_1", 1)
    assert found.data == event.message.SerializeToString()
    raw = await broker._client.jetstream(timeout=0.5).get_msg(stream_name(context), 1)
    assert raw.subject == f"soko.{context}.thing_done.v1"
    assert raw.headers is not None
    assert raw.headers["ce-type"] == raw.subject
    assert raw.headers["ce-datacontenttype"] == "application/protobuf"
    assert raw.headers["Nats-Msg-Id"] == str(event.id)


async def test_two_relays_keep_each_order_and_publish_once(
    db: Database, broker: Broker, nats_url: str, context: str
) -> None:
    await write(db, things=20, each=30)
    other = Broker(nats_url, "other", on_closed=lambda: None)
    await other.connect()
    async with running(Relay(db, broker, context), Relay(db, other, context)):
        await eventually(lambda: all_published(db), timeout_s=20)
    await other.close()
    found = numbers_by_thing(await stored(broker, context))
    assert len(found) == 20
    assert all(numbers == list(range(1, 31)) for numbers in found.values())


async def test_a_killed_broker_loses_nothing(
    db: Database, own_nats: NatsServer, context: str
) -> None:
    broker = Broker(own_nats.url, "test", on_closed=lambda: None)
    await broker.connect()
    relay = Relay(db, broker, context)
    async with running(relay):
        for _ in range(3):
            await write(db, things=50, each=4)
            relay.nudge()
            await eventually(lambda: published_some(db))
            own_nats.kill()
            await write(db, things=50, each=2)
            own_nats.start()
        await eventually(lambda: all_published(db), timeout_s=20)
    found = numbers_by_thing(await stored(broker, context))
    await broker.close()
    assert len(found) == 50
    for numbers in found.values():
        assert sorted(set(numbers)) == list(range(1, 19))


async def published_some(db: Database) -> bool:
    row = await db.fetch_one("SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL")
    return row is not None and row["n"] > 0


async def test_a_wiped_store_is_filled_again(
    db: Database, own_nats: NatsServer, context: str
) -> None:
    broker = Broker(own_nats.url, "test", on_closed=lambda: None)
    await broker.connect()
    await write(db, things=5, each=3)
    async with running(Relay(db, broker, context)):
        await eventually(lambda: all_published(db))
        own_nats.kill()
        shutil.rmtree(own_nats.folder / "store")
        own_nats.start()
        await eventually(lambda: refilled(broker, context, 15), timeout_s=20)
    found = numbers_by_thing(await stored(broker, context))
    await broker.close()
    assert [found[f"thing_{n}"] for n in range(5)] == [[1, 2, 3]] * 5


async def test_a_stream_deleted_under_a_live_connection_is_filled_again(
    db: Database, broker: Broker, context: str
) -> None:
    await write(db, things=5, each=3)
    async with running(relay := Relay(db, broker, context)):
        await eventually(lambda: all_published(db))
        await broker._client.jetstream(timeout=0.5).delete_stream(stream_name(context))
        # A consumer may be the first to miss the stream, and makes it.
        await broker.ensure_stream(context)
        await write(db, things=1, each=1)
        relay.nudge()
        await eventually(lambda: refilled(broker, context, 16))
    found = numbers_by_thing(await stored(broker, context))
    assert {thing: set(numbers) for thing, numbers in found.items()} == {
        "thing_0": {1, 2, 3, 4},
        **{f"thing_{n}": {1, 2, 3} for n in range(1, 5)},
    }


async def test_a_relay_that_restarts_with_a_new_stream_fills_it(
    db: Database, broker: Broker, context: str
) -> None:
    await write(db, things=2, each=2)
    async with running(Relay(db, broker, context)):
        await eventually(lambda: all_published(db))
    await broker._client.jetstream(timeout=0.5).delete_stream(stream_name(context))
    async with running(Relay(db, broker, context)):
        await eventually(lambda: refilled(broker, context, 4))


async def test_a_lease_is_respected_until_it_runs_out(
    db: Database, broker: Broker, context: str
) -> None:
    async with running(Relay(db, broker, context)):
        await write(db, things=1, each=1)
        await eventually(lambda: all_published(db))
    await write(db, things=2, each=2)
    await db.execute(
        "UPDATE outbox SET claimed_until = now() + interval '1 second'"
        " WHERE aggregate_id = 'thing_0' AND sequence = 2"
    )
    async with running(Relay(db, broker, context, poll_s=0.05)):
        await eventually(lambda: refilled(broker, context, 3))
        found = numbers_by_thing(await stored(broker, context))
        assert found == {"thing_0": [1], "thing_1": [1, 2]}
        await eventually(lambda: all_published(db))
    found = numbers_by_thing(await stored(broker, context))
    assert found == {"thing_0": [1, 2, 3], "thing_1": [1, 2]}


async def test_a_stream_that_lost_its_newest_events_gets_them_again(
    db: Database, own_nats: NatsServer, context: str, tmp_path: Path
) -> None:
    broker = Broker(own_nats.url, "test", on_closed=lambda: None)
    await broker.connect()
    async with running(relay := Relay(db, broker, context)):
        await write(db, things=5, each=1)
        await eventually(lambda: all_published(db))
        own_nats.kill()
        shutil.copytree(own_nats.folder / "store", tmp_path / "older")
        own_nats.start()
        await write(db, things=5, each=1)
        await eventually(lambda: all_published(db))
        own_nats.kill()
        shutil.rmtree(own_nats.folder / "store")
        shutil.copytree(tmp_path / "older", own_nats.folder / "store")
        own_nats.start()
        relay.nudge()
        await eventually(lambda: refilled(broker, context, 10))
    found = numbers_by_thing(await stored(broker, context))
    await broker.close()
    assert all(set(found[f"thing_{n}"]) == {1, 2} for n in range(5))


async def test_old_published_events_are_cleaned_away(
    db: Database, broker: Broker, context: str
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=31)
    old = UUID(int=oldest_id_since(long_ago).int + 1)
    async with running(Relay(db, broker, context, poll_s=0.05)):
        await append(db, replace(make_event("thing_1"), id=old))
        await append(db, make_event("thing_1"))
        await eventually(lambda: all_published(db))
    await db.execute(
        "UPDATE outbox SET published_at = %(then)s WHERE sequence = 1", {"then": long_ago}
    )
    async with running(Relay(db, broker, context, poll_s=0.05)):
        await append(db, make_event("thing_1"))
        await eventually(lambda: all_published(db))
        await eventually(lambda: numbers_left(db, [2, 3]))


async def numbers_left(db: Database, expected: list[int]) -> bool:
    rows = await db.fetch_all("SELECT sequence FROM outbox ORDER BY sequence")
    return [row["sequence"] for row in rows] == expected


async def refilled(broker: Broker, context: str, events: int) -> bool:
    with contextlib.suppress(Exception):
        info = await broker._client.jetstream(timeout=0.5).stream_info(stream_name(context))
        return info.state.messages >= events
    return False
