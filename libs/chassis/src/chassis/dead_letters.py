"""Events that a consumer could not handle: kept for an operator to read and to redrive.

One that was redriven stays for 30 days, so that a second redrive is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chassis.database import Row, Statements
from chassis.envelope import Envelope, subject
from chassis.errors import conflict, not_found

_ERROR_LENGTH = 2000
_KEPT = timedelta(days=30)
_KEEP = """
INSERT INTO dead_letter (event_id, context, name, source, aggregate_id, sequence, traceparent,
    occurred_at, payload, error, deliveries)
VALUES (%(event_id)s, %(context)s, %(name)s, %(source)s, %(aggregate_id)s, %(sequence)s,
    %(traceparent)s, %(occurred_at)s, %(payload)s, %(error)s, %(deliveries)s)
ON CONFLICT (event_id) DO UPDATE SET error = excluded.error, deliveries = excluded.deliveries,
    failed_at = now(), redriven_at = NULL
"""
_LIST = """
SELECT * FROM dead_letter
WHERE redriven_at IS NULL
  AND (%(type)s::text = '' OR 'soko.' || context || '.' || name || '.v1' = %(type)s::text)
  AND (%(at)s::timestamptz IS NULL OR (failed_at, event_id) < (%(at)s, %(event_id)s))
ORDER BY failed_at DESC, event_id DESC LIMIT %(limit)s
"""
# Only one that still stands: another redrive may have handled it meanwhile.
_FAILED_AGAIN = """
UPDATE dead_letter SET error = %(error)s, deliveries = deliveries + 1, failed_at = now()
WHERE event_id = %(event_id)s AND redriven_at IS NULL
"""
_REDRIVEN = """
UPDATE dead_letter SET redriven_at = now() WHERE event_id = %(event_id)s RETURNING *
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

    @property
    def type(self) -> str:
        """The event's type, such as ``soko.orders.order_confirmed.v1``."""
        return subject(self.context, self.event.name)


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
            "error": _words(error),
            "deliveries": deliveries,
        },
    )


async def list_dead_letters(
    statements: Statements,
    *,
    limit: int = 50,
    event_type: str = "",
    before: tuple[datetime, UUID] | None = None,
) -> list[DeadLetter]:
    """Return those that were not redriven, newest first; ``before`` is the last one seen."""
    at, event_id = before or (None, None)
    rows = await statements.fetch_all(
        _LIST, {"limit": limit, "type": event_type, "at": at, "event_id": event_id}
    )
    return [_read(row) for row in rows]


async def take(statements: Statements, event_id: UUID) -> DeadLetter:
    """Return a dead letter, locked until the transaction ends.

    Raises ServiceError ``not_found`` and ``already_redriven``.
    """
    row = await statements.fetch_one(
        "SELECT * FROM dead_letter WHERE event_id = %(event_id)s FOR UPDATE",
        {"event_id": event_id},
    )
    if row is None:
        raise not_found()
    letter = _read(row)
    if letter.redriven_at is not None:
        at = letter.redriven_at.astimezone(UTC).isoformat(timespec="seconds")
        raise conflict("already_redriven", f"It was handled at {at}.")
    return letter


async def redriven(statements: Statements, event_id: UUID) -> DeadLetter:
    """Mark a dead letter as handled; return it."""
    row = await statements.fetch_one(_REDRIVEN, {"event_id": event_id})
    if row is None:
        raise AssertionError("a row that is locked stays")
    return _read(row)


async def failed_again(statements: Statements, event_id: UUID, error: BaseException) -> None:
    """Note that handling it failed once more, and why."""
    await statements.execute(_FAILED_AGAIN, {"event_id": event_id, "error": _words(error)})


async def clean(statements: Statements) -> None:
    """Delete what was redriven long ago."""
    await statements.execute(
        "DELETE FROM dead_letter WHERE redriven_at < %(before)s",
        {"before": datetime.now(UTC) - _KEPT},
    )


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]


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
