import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.errors import Error as NatsError

from chassis.broker import Broker, Outgoing, stream_name, subject
from chassis.consumer import EventConsumer, Handler
from chassis.context import current_trace_id
from chassis.database import Database, Session
from chassis.dead_letters import list_dead_letters
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.outbox import Relay, append
from chassis.process import Background
from devstack.nats import NatsServer
from devstack.testing import eventually
from libs.chassis.tests.integration.conftest import make_event

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
async def effects(db: Database) -> None:
    await db.execute("CREATE TABLE IF NOT EXISTS effect (event_id uuid, text text)")
    await db.execute("TRUNCATE effect")


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path, durable=False)
    server.start()
    yield server
    server.kill()


@asynccontextmanager
async def running(*parts: Background) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(part.run(stop)) for part in parts]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)


async def take_effect(event: Envelope, session: Session) -> None:
    await session.execute(
        "INSERT INTO effect VALUES (%(id)s, %(text)s)", {"id": event.id, "text": event.data[2:]}
    )


def consumer(
    db: Database, broker: Broker, context: str, handler: Handler = take_effect, **options: object
) -> EventConsumer:
    return EventConsumer(
        db,
        broker,
        service="listener",
        context=context,
        handlers={"thing_done": handler},
        backoff_s=(0.01,),
        **options,  # type: ignore[arg-type]
    )


async def write(db: Database, count: int, text: str = "fine") -> None:
    async with db.transaction() as session:
        for number in range(count):
            await append(session, make_event(f"thing_{number}", text))


async def effects_are(db: Database, count: int) -> bool:
    row = await db.fetch_one("SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM effect")
    assert row is not None
    assert row["n"] == row["d"], "an event had its effect twice"
    return bool(row["n"] == count)


async def nothing_pending(broker: Broker, context: str) -> bool:
    js = broker._client.jetstream(timeout=0.5)
    try:
        info = await js.consumer_info(stream_name(context), "listener")
    except NatsError:
        return False
    return info.num_pending == 0 and info.num_ack_pending == 0


def raw_event(context: str, event_id: str, text: str = "fine") -> Outgoing:
    headers = {
        "ce-id": event_id,
        "ce-type": subject(context, "thing_done"),
        "ce-source": f"/soko/{context}",
        "ce-time": "2026-01-01T00:00:00+00:00",
        "ce-subject": "thing_1",
        "ce-sequence": "1",
        "traceparent": TRACEPARENT,
    }
    return Outgoing(
        subject(context, "thing_done"), make_event("x", text).message.SerializeToString(), headers
    )


async def test_events_reach_the_handler_and_are_acknowledged(
    db: Database, broker: Broker, context: str
) -> None:
    told: list[Envelope] = []

    async def tell(events: list[Envelope]) -> None:
        told.extend(events)

    async with running(
        Relay(db, broker, context), consumer(db, broker, context, after_commit=tell)
    ):
        await write(db, 200)
        await eventually(lambda: effects_are(db, 200))
        await eventually(lambda: nothing_pending(broker, context))
    assert len(told) == 200


async def test_a_handler_runs_in_the_trace_of_its_event(
    db: Database, broker: Broker, context: str
) -> None:
    traces: list[str] = []

    async def note(event: Envelope, session: Session) -> None:
        traces.append(current_trace_id())
        await append(session, make_event("thing_2", name="thing_noticed"))

    await broker.ensure_stream(context)
    await broker.request_many([raw_event(context, str(new_id()))])
    async with running(consumer(db, broker, context, note)):
        await eventually(lambda: bool(traces))
    assert traces == [TRACEPARENT[3:35]]
    row = await db.fetch_one("SELECT traceparent FROM outbox WHERE name = 'thing_noticed'")
    assert row is not None
    assert row["traceparent"][3:35] == TRACEPARENT[3:35]


async def test_an_event_that_is_delivered_twice_has_one_effect(
    db: Database, broker: Broker, context: str
) -> None:
    await broker.ensure_stream(context)
    event_id = str(new_id())
    # Without a message id the broker stores each of these.
    await broker.request_many([raw_event(context, event_id) for _ in range(5)])
    async with running(consumer(db, broker, context), consumer(db, broker, context)):
        await eventually(lambda: effects_are(db, 1))
        await broker.request_many([raw_event(context, event_id)])
        await eventually(lambda: nothing_pending(broker, context))
        assert await effects_are(db, 1)


async def test_a_poisoned_event_ends_as_a_dead_letter_and_others_go_on(
    db: Database, broker: Broker, context: str
) -> None:
    tries = 0

    async def choke(event: Envelope, session: Session) -> None:
        nonlocal tries
        await take_effect(event, session)
        if b"poison" in event.data:
            tries += 1
            raise ValueError("cannot swallow this")

    async with running(
        relay := Relay(db, broker, context),
        consumer(db, broker, context, choke, max_deliveries=3),
    ):
        await write(db, 10)
        await append(db, make_event("thing_bad", "poison"))
        await write(db, 10)
        relay.nudge()
        await eventually(lambda: effects_are(db, 20))
        (letter,) = await eventually(lambda: list_dead_letters(db))
        assert letter.error == "ValueError: cannot swallow this"
        assert (letter.deliveries, letter.context) == (3, context)
        assert letter.event.aggregate_id == "thing_bad"
        await eventually(lambda: nothing_pending(broker, context))
        assert 3 <= tries <= 5  # twice in one delivery when it came in a batch


async def inbox_ids(db: Database) -> list[object]:
    return [row["event_id"] for row in await db.fetch_all("SELECT event_id FROM inbox")]


async def test_an_unreadable_message_stops_nobody(
    db: Database, broker: Broker, context: str
) -> None:
    await broker.ensure_stream(context)
    await broker.request_many([Outgoing(subject(context, "thing_done"), b"junk")])
    async with running(Relay(db, broker, context), consumer(db, broker, context)):
        await write(db, 3)
        await eventually(lambda: effects_are(db, 3))
        await eventually(lambda: nothing_pending(broker, context))


async def test_a_killed_broker_and_a_wiped_store_lose_no_effect(
    db: Database, own_nats: NatsServer, context: str
) -> None:
    broker = Broker(own_nats.url, "test", on_closed=lambda: None)
    await broker.connect()
    async with running(
        relay := Relay(db, broker, context),
        consumer(db, broker, context),
        consumer(db, broker, context),
    ):
        await write(db, 100)
        relay.nudge()
        await eventually(lambda: some_effect(db))
        own_nats.kill()
        await write(db, 100)
        own_nats.start()
        await eventually(lambda: effects_are(db, 200), timeout_s=30)
        own_nats.kill()
        await write(db, 100)
        shutil.rmtree(own_nats.folder / "store")
        own_nats.start()
        await eventually(lambda: effects_are(db, 300), timeout_s=30)
        await eventually(lambda: nothing_pending(broker, context))
    await broker.close()


async def some_effect(db: Database) -> bool:
    return not await effects_are(db, 0)


async def test_a_deleted_consumer_is_made_again(db: Database, broker: Broker, context: str) -> None:
    async with running(Relay(db, broker, context), consumer(db, broker, context)):
        await write(db, 10)
        await eventually(lambda: effects_are(db, 10))
        await broker._client.jetstream(timeout=0.5).delete_consumer(
            stream_name(context), "listener"
        )
        await write(db, 10)
        await eventually(lambda: effects_are(db, 20))


async def test_a_consumer_that_the_broker_cannot_keep_is_made_again(
    db: Database, own_nats: NatsServer, context: str
) -> None:
    """nats-server 2.15 may remove a new consumer's folder with that of its deleted namesake."""
    broker = Broker(own_nats.url, "test")
    await broker.connect()
    relay = Relay(db, broker, context)
    try:
        async with running(relay, consumer(db, broker, context)):
            await write(db, 10)
            await eventually(lambda: effects_are(db, 10))
        (folder,) = own_nats.folder.glob("store/**/obs/listener")
        shutil.rmtree(folder)
        async with running(relay, consumer(db, broker, context)):
            await write(db, 10)
            await eventually(lambda: effects_are(db, 20))
    finally:
        await broker.close()


async def test_a_release_with_a_further_handler_hears_its_events(
    db: Database, broker: Broker, context: str
) -> None:
    await broker.ensure_stream(context)
    async with running(consumer(db, broker, context)):
        await eventually(lambda: nothing_pending(broker, context), timeout_s=5)
    newer = EventConsumer(
        db,
        broker,
        service="listener",
        context=context,
        handlers={"thing_done": take_effect, "thing_undone": take_effect},
    )
    async with running(Relay(db, broker, context), newer):
        await append(db, make_event("thing_1", name="thing_undone"))
        await append(db, make_event("thing_1", name="thing_ignored"))
        await append(db, make_event("thing_1"))
        await eventually(lambda: effects_are(db, 2))


async def test_a_database_that_is_away_costs_no_delivery(
    db: Database, broker: Broker, context: str
) -> None:
    failures = 0

    async def flicker(event: Envelope, session: Session) -> None:
        nonlocal failures
        if failures < 2:
            failures += 1
            await session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await take_effect(event, session)

    async with running(
        Relay(db, broker, context), consumer(db, broker, context, flicker, max_deliveries=1)
    ):
        await write(db, 5)
        await eventually(lambda: effects_are(db, 5))
        assert await list_dead_letters(db) == []


async def test_a_stopping_consumer_hands_back_what_it_did_not_begin(
    db: Database, broker: Broker, context: str
) -> None:
    async with running(Relay(db, broker, context)):
        await write(db, 150)
        await eventually(lambda: published(db, 150))
    begun = asyncio.Event()

    async def slow(event: Envelope, session: Session) -> None:
        begun.set()
        await take_effect(event, session)
        await session.execute("SELECT pg_sleep(0.002)")

    async with running(consumer(db, broker, context, slow)):
        await begun.wait()
    async with running(consumer(db, broker, context)):
        # Far sooner than the 30 s after which the broker would deliver again by itself.
        await eventually(lambda: effects_are(db, 150), timeout_s=8)


async def published(db: Database, count: int) -> bool:
    row = await db.fetch_one("SELECT count(*) AS n FROM outbox WHERE published_at IS NOT NULL")
    return row == {"n": count}


async def test_followers_hear_events_and_are_reset_by_a_reconnect(
    db: Database, own_nats: NatsServer, context: str
) -> None:
    broker = Broker(own_nats.url, "test", on_closed=lambda: None)
    heard: list[Envelope] = []
    resets = 0

    async def hear(event: Envelope) -> None:
        heard.append(event)

    async def reset() -> None:
        nonlocal resets
        resets += 1

    await broker.follow(context, hear, reset)  # before the connection, as a gateway may
    await broker.connect()
    await eventually(lambda: resets == 1)
    async with running(Relay(db, broker, context)):
        await write(db, 3)
        await eventually(lambda: len(heard) == 3)
        own_nats.kill()
        own_nats.start()
        await eventually(lambda: resets == 2)
        await write(db, 3)
        await eventually(lambda: len(heard) == 6)
    await broker.close()


async def test_operations_without_a_broker_fail_at_once() -> None:
    broker = Broker("nats://127.0.0.1:1", "test", on_closed=lambda: None)
    started = asyncio.create_task(broker.connect())
    await asyncio.sleep(0)
    with pytest.raises(ServiceError, match="not available"):
        await broker.publish_core("soko.x", b"")
    started.cancel()
    await broker.close()
