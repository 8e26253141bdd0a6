"""What a service tells its operators, and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chassis.actor import GUEST, Actor
from chassis.broker import Broker
from chassis.database import Database
from chassis.dead_letters import list_dead_letters
from chassis.errors import ServiceError
from chassis.ids import format_id, new_id
from chassis.ops_server import OpsServicer
from chassis.outbox import Relay
from devstack.testing import eventually
from libs.chassis.tests.integration.test_consumer import (
    consumer,
    effects,
    effects_are,
    running,
    write,
)
from libs.chassis.tests.integration.test_personal_data import calling
from libs.chassis.tests.integration.test_redrive import a_dead_letter
from soko.ops.v1 import ops_pb2 as pb

__all__ = ["effects"]

OPERATOR = Actor("account", "usr_1", roles=frozenset({"operator"}))
COMMAND_LINE = Actor("service", service="command-line")
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def servicer(db: Database, broker: Broker, context: str) -> OpsServicer:
    return OpsServicer("orders", db, broker, [consumer(db, broker, context)])


@pytest.mark.parametrize(
    "actor", [GUEST, Actor("account", "usr_1"), Actor("service", service="payments")]
)
async def test_nobody_else_is_answered(servicer: OpsServicer, actor: Actor) -> None:
    with calling(actor):
        for ask, request in (
            (servicer.GetServiceStatus, pb.GetServiceStatusRequest()),
            (servicer.ListConsumers, pb.ListConsumersRequest()),
            (servicer.ListDeadLetters, pb.ListDeadLettersRequest(limit=1)),
            (servicer.RedriveDeadLetter, pb.RedriveDeadLetterRequest(id="dlt_orders_x")),
        ):
            with pytest.raises(ServiceError) as refused:
                await ask(request, None)
            assert refused.value.kind in ("forbidden", "unauthenticated")


async def test_a_status_names_version_and_what_is_away(db: Database, servicer: OpsServicer) -> None:
    with calling(OPERATOR):
        well = await servicer.GetServiceStatus(pb.GetServiceStatusRequest(), None)
        assert (well.version.count("."), list(well.away)) == (2, [])
        without = OpsServicer("orders", db, Broker("nats://127.0.0.1:9", "test"), [])
        ill = await without.GetServiceStatus(pb.GetServiceStatusRequest(), None)
        assert list(ill.away) == ["broker"]


async def test_a_consumer_that_does_not_run_falls_behind(
    db: Database, broker: Broker, context: str, servicer: OpsServicer
) -> None:
    async def waiting(count: int) -> bool:
        reply = await servicer.ListConsumers(pb.ListConsumersRequest(), None)
        (found,) = reply.consumers
        assert (found.name, found.stream) == ("orders", f"SOKO_{context.upper()}")
        return bool(found.lag == count)

    with calling(OPERATOR):
        async with running(relay := Relay(db, broker, context)):
            with pytest.raises(ServiceError, match="broker"):
                await servicer.ListConsumers(pb.ListConsumersRequest(), None)
            async with running(consumer(db, broker, context)):
                await write(db, 3)
                relay.nudge()
                await eventually(lambda: effects_are(db, 3))
                await eventually(lambda: waiting(0))
            await write(db, 2)
            relay.nudge()
            await eventually(lambda: waiting(2))


async def test_pages_of_several_services_meet_without_a_hole_or_a_repeat(
    db: Database, broker: Broker, context: str
) -> None:
    """Dead letters of one moment stand by id; two services may have given up one event."""
    for _ in range(3):
        await a_dead_letter(db, context)
    await db.execute("UPDATE dead_letter SET failed_at = %(at)s", {"at": AT})
    hears = [consumer(db, broker, context)]
    both = [OpsServicer(name, db, broker, hears) for name in ("catalog", "orders")]
    with calling(COMMAND_LINE):
        seen: list[str] = []
        request = pb.ListDeadLettersRequest(limit=1)
        while True:
            pages = [await each.ListDeadLetters(request, None) for each in both]
            left = [letter for page in pages for letter in page.dead_letters]
            if not left:
                break
            newest = max(left, key=lambda letter: (letter.at.ToMicroseconds(), letter.id))
            seen.append(newest.id)
            request.before_at.CopyFrom(newest.at)
            request.before_id = newest.id
    assert len(seen) == 6
    assert seen == sorted(set(seen), reverse=True)


async def test_the_command_line_redrives_by_the_service_s_own_id(
    db: Database, context: str, servicer: OpsServicer
) -> None:
    event = await a_dead_letter(db, context)
    with calling(COMMAND_LINE):
        for other in (format_id("dlt_catalog", event.id), format_id("dlt_orders", new_id()), "x"):
            with pytest.raises(ServiceError, match="no such thing"):
                await servicer.RedriveDeadLetter(pb.RedriveDeadLetterRequest(id=other), None)
        own = pb.RedriveDeadLetterRequest(id=format_id("dlt_orders", event.id))
        done = (await servicer.RedriveDeadLetter(own, None)).dead_letter
    assert (done.event_id, done.consumer) == (format_id("evt", event.id), "orders")
    assert done.HasField("redriven_at")
    assert await effects_are(db, 1)
    assert await list_dead_letters(db) == []
