"""What is on its way, as figures."""

import asyncio
import math
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from chassis import dead_letters
from chassis.broker import Broker
from chassis.consumer import EventConsumer
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.event_figures import EventFigures, event_figures
from chassis.ids import new_id
from chassis.outbox import Relay, append
from chassis.relay import Published
from devstack.testing import eventually
from libs.chassis.tests.integration.conftest import make_event


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, name
    return found


async def handled(event: Envelope, _session: object) -> None:
    """Take the event for handled."""


async def test_unpublished_events_and_the_oldest_of_them_are_told(
    db: Database, broker: Broker, context: str
) -> None:
    figures = EventFigures(context, db, broker, [])
    await figures.look_at_outbox()
    assert value("soko_outbox_unpublished", context=context) == 0
    assert value("soko_outbox_oldest_seconds", context=context) == 0
    for _ in range(3):
        await append(db, make_event("thing_1"))
    await db.execute("UPDATE outbox SET occurred_at = now() - interval '90 s' WHERE sequence = 1")
    await db.execute("UPDATE outbox SET published_at = now() WHERE sequence = 3")
    await figures.look_at_outbox()
    assert value("soko_outbox_unpublished", context=context) == 2
    assert 90 <= value("soko_outbox_oldest_seconds", context=context) < 120


async def test_dead_letters_are_told_until_they_are_redriven(
    db: Database, broker: Broker, context: str
) -> None:
    figures = EventFigures("listener", db, broker, [context, "other"])
    event = Envelope(new_id(), "thing_done", "/x", datetime.now(UTC), "thing_1", 1, "", b"")
    await dead_letters.keep(db, context, event, ValueError("spoilt"), 8)
    await figures.look_at_dead_letters()
    assert value("soko_dead_letters", context="listener", source=context) == 1
    assert value("soko_dead_letters", context="listener", source="other") == 0
    await db.execute("UPDATE dead_letter SET redriven_at = now()")
    await figures.look_at_dead_letters()
    assert value("soko_dead_letters", context="listener", source=context) == 0


async def test_a_consumer_that_nobody_works_for_is_seen_to_stall(
    db: Database, broker: Broker, context: str
) -> None:
    relay = Relay(db, broker, context)
    consumer = EventConsumer(
        db, broker, service="listener", context=context, handlers={"thing_done": handled}
    )
    labels = {"context": "listener", "source": context}
    figures = EventFigures("listener", db, broker, [context])
    await broker.ensure_stream(context)
    await broker.ensure_consumer(context, "listener", ["thing_done"], 15.0)
    await figures.look_at_consumer(context)
    assert value("soko_consumer_pending", **labels) == 0
    stop = asyncio.Event()
    publishing = asyncio.create_task(relay.run(stop))
    await append(db, make_event("thing_1"))

    async def pending() -> bool:
        await figures.look_at_consumer(context)
        return value("soko_consumer_pending", **labels) == 1

    await eventually(pending)
    before = value("soko_consumer_stalled_seconds", **labels)
    await figures.look_at_consumer(context)
    assert value("soko_consumer_stalled_seconds", **labels) > before
    handling = asyncio.create_task(consumer.run(stop))

    async def done() -> bool:
        await figures.look_at_consumer(context)
        return value("soko_consumer_stalled_seconds", **labels) == 0

    await eventually(done)
    assert value("soko_consumer_pending", **labels) == 0
    assert value("soko_event_delay_seconds_count", **labels) == 1
    stop.set()
    await asyncio.gather(publishing, handling)


async def test_what_cannot_be_looked_at_is_not_a_number(db: Database, context: str) -> None:
    away = Broker("nats://127.0.0.1:1", "test", on_closed=lambda: None)
    figures = EventFigures("listener", db, away, [context])
    with pytest.raises(ServiceError):
        await figures.look_at_consumer(context)
    for name in ("pending", "unacknowledged", "redelivered", "stalled_seconds"):
        told = value(f"soko_consumer_{name}", context="listener", source=context)
        assert math.isnan(told)


async def test_a_service_is_watched_for_what_it_does(
    db: Database, broker: Broker, context: str
) -> None:
    relay = Relay(db, broker, context)
    consumer = EventConsumer(db, broker, service="listener", context=context)
    assert event_figures("listener", [], None, [relay]) == []
    assert len(event_figures("listener", [db], broker, [relay])) == 1
    assert len(event_figures("listener", [db], broker, [consumer])) == 2
    assert len(event_figures("listener", [db], broker, [relay, consumer, consumer])) == 4


async def test_events_are_counted_once_though_a_lost_stream_is_filled_again(
    db: Database, broker: Broker, context: str
) -> None:
    told: list[Published] = []

    def count(events: object) -> None:
        told.extend(events)  # type: ignore[call-overload]
        raise ValueError("a figure must not keep events from being told")

    relay, stop = Relay(db, broker, context, on_published=count, poll_s=0.05), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    labels = {"context": context, "event": "thing_done"}
    await append(db, make_event("thing_1", "one"))
    await eventually(lambda: len(told) == 1)
    assert told[0].name == "thing_done"
    assert b"one" in told[0].payload
    stop.set()
    await running
    await broker._client.jetstream().delete_stream(f"SOKO_{context.upper()}")
    await db.execute(
        "UPDATE outbox SET occurred_at = occurred_at - %(age)s", {"age": timedelta(seconds=5)}
    )
    relay, stop = Relay(db, broker, context, on_published=count, poll_s=0.05), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await append(db, make_event("thing_2", "two"))

    async def all_told() -> bool:
        row = await db.fetch_one("SELECT count(*) AS n FROM outbox WHERE published_at IS NULL")
        return row == {"n": 0}

    await eventually(all_told)
    assert value("soko_events_published_total", **labels) == len(told)
    stop.set()
    await running
    assert [event.payload[2:] for event in told] in ([b"one"], [b"one", b"two"])
