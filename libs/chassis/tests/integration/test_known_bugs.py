"""Bugs that event-driven back ends are known for, each by its name."""

from __future__ import annotations

from chassis.broker import Broker
from chassis.database import Database, Session
from chassis.dead_letters import list_dead_letters
from chassis.envelope import Envelope
from chassis.outbox import Relay, append
from chassis.redrive import redrive
from devstack.testing import eventually
from libs.chassis.tests.integration.conftest import make_event
from libs.chassis.tests.integration.test_consumer import (
    consumer,
    effects,
    effects_are,
    running,
    take_effect,
)
from libs.chassis.tests.integration.test_relay import all_published, stored

__all__ = ["effects"]


async def test_outbox_cursors_by_id_greater_than_last_that_skip_late_commits(
    db: Database, broker: Broker, context: str
) -> None:
    """An event with an older id is committed after a younger one was published."""
    events = [make_event("thing_1", "one"), make_event("thing_2", "two")]
    older, younger = sorted(events, key=lambda event: event.id)
    async with running(relay := Relay(db, broker, context)):
        async with db.transaction() as session:
            await append(session, older)
            await append(db, younger)
            relay.nudge()
            await eventually(lambda: all_published(db))
        relay.nudge()
        await eventually(lambda: all_published(db))
    found = [event.id for event in await stored(broker, context)]
    assert found == [younger.id, older.id]


async def test_redrive_swallowed_because_the_message_id_was_reused(
    db: Database, broker: Broker, context: str
) -> None:
    """Within the broker's window for duplicates an operator redrives a dead letter."""
    cured = False

    async def choke(event: Envelope, session: Session) -> None:
        if not cured:
            raise ValueError("not yet")
        await take_effect(event, session)

    async with running(
        relay := Relay(db, broker, context),
        hears := consumer(db, broker, context, choke, max_deliveries=2),
    ):
        event = make_event("thing_1", "fine")
        await append(db, event)
        relay.nudge()
        await eventually(lambda: list_dead_letters(db))
        cured = True
        await redrive(db, [hears], event.id, "dlt")
        assert await effects_are(db, 1)
