"""A dead letter is handled where it lies: once, or not at all and told why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis import audit_log, dead_letters
from chassis import context as request_context
from chassis.actor import Actor
from chassis.audit_log import Filter
from chassis.broker import Broker
from chassis.consumer import EventConsumer
from chassis.context import RequestContext
from chassis.database import Database, Session
from chassis.dead_letters import list_dead_letters
from chassis.envelope import Envelope
from chassis.errors import ServiceError, unavailable
from chassis.ids import format_id, new_id
from chassis.redrive import redrive
from libs.chassis.tests.integration.test_consumer import (
    consumer,
    effects,
    effects_are,
    inbox_ids,
    take_effect,
)

__all__ = ["effects"]

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def an_event() -> Envelope:
    return Envelope(new_id(), "thing_done", "/soko/things", AT, "thing_1", 1, "", b"\n\x04fine")


async def a_dead_letter(db: Database, context: str, event: Envelope | None = None) -> Envelope:
    event = event or an_event()
    await dead_letters.keep(db, context, event, ValueError("unreadable"), 8)
    return event


async def acts(db: Database, subject: str) -> list[tuple[str, str, object]]:
    found = await audit_log.entries(db, Filter(account=subject), datetime.now(UTC), 10)
    return [(each["outcome"], each["actor"], each["detail"]) for each in found]


@pytest.fixture
def letter() -> str:
    """The name of the dead letter in the audit log, which no test may empty."""
    return format_id("dlt_listener", new_id())


@pytest.fixture
def told() -> list[Envelope]:
    return []


@pytest.fixture
def hears(db: Database, broker: Broker, context: str, told: list[Envelope]) -> EventConsumer:
    async def tell(events: list[Envelope]) -> None:
        told.extend(events)

    return consumer(db, broker, context, after_commit=tell)


async def test_a_redriven_event_has_its_effect_and_an_entry_in_the_audit_log(
    db: Database, hears: EventConsumer, context: str, letter: str, told: list[Envelope]
) -> None:
    event = await a_dead_letter(db, context)
    token = request_context.enter(RequestContext(actor=Actor("account", "usr_1")))
    done = await redrive(db, [hears], event.id, letter)
    request_context.leave(token)
    assert done.redriven_at is not None
    assert await effects_are(db, 1)
    assert await inbox_ids(db) == [event.id]
    assert await list_dead_letters(db) == []
    assert [each.id for each in told] == [event.id]
    assert await acts(db, letter) == [
        ("succeeded", "usr_1", {"type": f"soko.{context}.thing_done.v1"})
    ]


async def test_a_second_redrive_is_refused_however_close(
    db: Database, hears: EventConsumer, context: str, letter: str
) -> None:
    event = await a_dead_letter(db, context)
    ends = await asyncio.gather(
        *(redrive(db, [hears], event.id, letter) for _ in range(5)), return_exceptions=True
    )
    refused = [end.code for end in ends if isinstance(end, ServiceError)]
    assert refused == ["already_redriven"] * 4
    assert await effects_are(db, 1)
    assert len(await acts(db, letter)) == 1


async def test_an_event_that_its_stream_brought_again_has_no_second_effect(
    db: Database, hears: EventConsumer, context: str, letter: str
) -> None:
    event = await a_dead_letter(db, context)
    async with db.transaction() as session:
        await hears.handle(session, [event])
    await redrive(db, [hears], event.id, letter)
    assert await effects_are(db, 1)
    assert await list_dead_letters(db) == []


async def test_what_fails_again_stays_with_the_new_reason(
    db: Database, broker: Broker, context: str, letter: str
) -> None:
    async def choke(event: Envelope, session: Session) -> None:
        await take_effect(event, session)
        raise KeyError("worse")

    event = await a_dead_letter(db, context)
    with pytest.raises(ServiceError) as refused:
        await redrive(db, [consumer(db, broker, context, choke)], event.id, letter)
    assert (refused.value.kind, refused.value.code) == ("conflict", "event_failed_again")
    (left,) = await list_dead_letters(db)
    assert (left.error, left.deliveries, left.redriven_at) == ("KeyError: 'worse'", 9, None)
    assert await effects_are(db, 0)
    assert await inbox_ids(db) == []
    ((outcome, _, detail),) = await acts(db, letter)
    assert (outcome, detail) == (
        "failed",
        {"type": f"soko.{context}.thing_done.v1", "error": "KeyError"},
    )


async def test_a_peer_that_is_away_is_no_fault_of_the_event(
    db: Database, broker: Broker, context: str, letter: str
) -> None:
    async def wait(event: Envelope, session: Session) -> None:
        raise unavailable("catalog")

    event = await a_dead_letter(db, context)
    with pytest.raises(ServiceError, match="catalog"):
        await redrive(db, [consumer(db, broker, context, wait)], event.id, letter)
    (left,) = await list_dead_letters(db)
    assert (left.error, left.deliveries) == ("ValueError: unreadable", 8)
    assert await acts(db, letter) == []


async def test_what_is_unknown_or_no_longer_heard_is_refused(
    db: Database, hears: EventConsumer, letter: str
) -> None:
    with pytest.raises(ServiceError, match="no such thing"):
        await redrive(db, [hears], new_id(), letter)
    event = await a_dead_letter(db, "elsewhere")
    with pytest.raises(ServiceError) as refused:
        await redrive(db, [hears], event.id, letter)
    assert refused.value.code == "event_not_heard"


async def test_the_list_goes_on_behind_the_last_one_seen(db: Database, context: str) -> None:
    events = [await a_dead_letter(db, context) for _ in range(3)]
    other = await a_dead_letter(db, context, replace(an_event(), name="other_done"))
    # Two of one moment, as of one failed statement.
    await db.execute("UPDATE dead_letter SET failed_at = %(at)s", {"at": AT})
    await db.execute(
        "UPDATE dead_letter SET failed_at = %(at)s WHERE event_id = %(id)s",
        {"at": AT + timedelta(seconds=1), "id": events[0].id},
    )
    of_type = f"soko.{context}.thing_done.v1"
    whole = await list_dead_letters(db, event_type=of_type)
    assert [each.event.id for each in whole] == [
        events[0].id,
        *sorted((events[1].id, events[2].id), reverse=True),
    ]
    seen = []
    before = None
    while page := await list_dead_letters(db, limit=1, event_type=of_type, before=before):
        seen += page
        before = (page[-1].failed_at, page[-1].event.id)
    assert seen == whole
    assert other.id in [each.event.id for each in await list_dead_letters(db)]


async def test_what_was_redriven_long_ago_is_forgotten(
    db: Database, hears: EventConsumer, context: str, letter: str
) -> None:
    old, fresh, waiting = [await a_dead_letter(db, context) for _ in range(3)]
    for each in (old, fresh):
        await redrive(db, [hears], each.id, letter)
    long_ago = datetime.now(UTC) - timedelta(days=31)
    await db.execute(
        "UPDATE dead_letter SET failed_at = %(at)s,"
        " redriven_at = CASE WHEN event_id = %(old)s THEN %(at)s ELSE redriven_at END",
        {"at": long_ago, "old": old.id},
    )
    await dead_letters.clean(db)
    left = await db.fetch_all("SELECT event_id FROM dead_letter")
    assert {row["event_id"] for row in left} == {fresh.id, waiting.id}
