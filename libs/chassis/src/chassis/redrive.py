"""Handling a dead letter's event once more, where it lies.

The event does not travel again: the broker would drop a message that it has seen, and no service
may write into another's stream. Effect, inbox row, mark and audit entry stand in one transaction,
so a crash leaves all or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis import audit_log, dead_letters
from chassis.audit_log import Act
from chassis.consumer import EventConsumer, is_transient
from chassis.database import Database
from chassis.dead_letters import DeadLetter
from chassis.errors import conflict
from chassis.logs import get_logger

_ACT = "dead_letter_redriven"
_log = get_logger(__name__)


async def redrive(
    db: Database, consumers: Sequence[EventConsumer], event_id: UUID, letter_id: str
) -> DeadLetter:
    """Handle a dead letter's event now and return the letter with the time of it.

    An event that was handled meanwhile, because its stream brought it again, has no second effect.
    ``letter_id`` is its name in the audit log. Raises ServiceError ``not_found``,
    ``already_redriven``, ``event_failed_again`` (the dead letter stays and says why) and
    ``unavailable``.
    """
    handling = False
    try:
        async with db.transaction() as session:
            letter = await dead_letters.take(session, event_id)
            consumer = _of_context(consumers, letter.context)
            handling = True
            fresh = await consumer.handle(session, [letter.event])
            handling = False
            done = await dead_letters.redriven(session, event_id)
            await audit_log.record(session, Act(_ACT, letter_id, {"type": letter.type}))
    except Exception as error:
        if not handling or is_transient(error):
            raise
        _log.warning("redrive_failed", event_id=str(event_id), exc_info=error)
        detail = {"type": letter.type, "error": type(error).__name__}
        async with db.transaction() as session:
            await dead_letters.failed_again(session, event_id, error)
            await audit_log.record(session, Act(_ACT, letter_id, detail, "failed"))
        raise conflict(
            "event_failed_again", "It could not be handled; the dead letter says why."
        ) from None
    _log.info("redriven", event_id=str(event_id), event_type=done.type)
    await consumer.tell(fresh)
    return done


def _of_context(consumers: Sequence[EventConsumer], context: str) -> EventConsumer:
    for consumer in consumers:
        if consumer.subscription[0] == context:
            return consumer
    raise conflict("event_not_heard", "This version of the service does not hear such events.")
