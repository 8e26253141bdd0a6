"""Events that a consumer could not handle: kept for an operator to read and to redrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.broker import Broker
from chassis.database import Row, Statements
from chassis.envelope import Envelope, subject
from chassis.errors import not_found, unavailable
from chassis.ids import new_id
from chassis.replies import Outgoing

_ERROR_LENGTH = 2000
_KEEP = """
INSERT INTO dead_letter (event_id, context, name, source, aggregate_id, sequence, traceparent,
    occurred_at, payload, error, deliveries)
VALUES (%(event_id)s, %(context)s, %(name)s, %(source)s, %(aggregate_id)s, %(sequence)s,
    %(traceparent)s, %(occurred_at)s, %(payload)s, %(error)s, %(deliveries)s)
ON CONFLICT (event_id) DO UPDATE SET error = excluded.error, deliveries = excluded.deliveries,
    failed_at = now(), redriven_at = NULL
"""
_LIST = """
SELECT * FROM dead_letter WHERE (%(after)s::timestamptz IS NULL OR failed_at < %(after)s)
ORDER BY failed_at DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event and why it could not be handled."""

    event: Envelope
    context: str
    error: str
    deliveries: int
    failed_at: datetime
    redriven_at: datetime | None


async def keep(
    statements: Statements, context: str, event: Envelope, error: BaseException, deliveries: int
) -> None:
    """Store an event with the reason for giving it up."""
    await statements.execute(
        _KEEP,
        {
            "event_id": event.id,
            "context": context,
            "name": event.name,
            "source": event.source,
            "aggregate_id": event.aggregate_id,
            "sequence": event.sequence,
            "traceparent": event.traceparent,
            "occurred_at": event.time,
            "payload": event.data,
            "error": f"{type(error).__name__}: {error}"[:_ERROR_LENGTH],
            "deliveries": deliveries,
        },
    )


async def forget(statements: Statements, event_id: UUID) -> None:
    """Remove the dead letter of an event that was handled after all."""
    await statements.execute(
        "DELETE FROM dead_letter WHERE event_id = %(event_id)s", {"event_id": event_id}
    )


async def list_dead_letters(
    statements: Statements, *, limit: int = 50, after: datetime | None = None
) -> list[DeadLetter]:
    """Return dead letters, newest first; ``after`` is the last page's oldest ``failed_at``."""
    rows = await statements.fetch_all(_LIST, {"limit": limit, "after": after})
    return [_read(row) for row in rows]


async def redrive(statements: Statements, broker: Broker, event_id: UUID) -> None:
    """Send a dead letter's event again, to be handled as if it were new.

    The message id is new, because the broker drops one that it has seen; the event id stays, so
    consumers that did handle it drop it. Raises ``not_found`` for an unknown event and
    ``unavailable`` when the broker does not confirm.
    """
    row = await statements.fetch_one(
        "SELECT * FROM dead_letter WHERE event_id = %(event_id)s", {"event_id": event_id}
    )
    if row is None:
        raise not_found()
    letter = _read(row)
    headers = letter.event.headers(letter.context, str(new_id()))
    message = Outgoing(subject(letter.context, letter.event.name), letter.event.data, headers)
    answer = (await broker.request_many([message]))[0]
    if answer is None or b'"seq"' not in answer.data:
        raise unavailable("broker")
    await statements.execute(
        "UPDATE dead_letter SET redriven_at = now() WHERE event_id = %(event_id)s",
        {"event_id": event_id},
    )


def _read(row: Row) -> DeadLetter:
    return DeadLetter(
        event=Envelope(
            id=row["event_id"],
            name=row["name"],
            source=row["source"],
            time=row["occurred_at"],
            aggregate_id=row["aggregate_id"],
            sequence=row["sequence"],
            traceparent=row["traceparent"],
            data=row["payload"],
        ),
        context=row["context"],
        error=row["error"],
        deliveries=row["deliveries"],
        failed_at=row["failed_at"],
        redriven_at=row["redriven_at"],
    )
