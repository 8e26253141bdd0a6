"""The outbox: a domain event is written with the change that it tells of.

The SQL function ``outbox_append`` numbers an aggregate's events without gaps: it increments the
aggregate's counter under a row lock, so that a later number never becomes visible before an earlier
one. The relay (chassis.relay) publishes what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from google.protobuf.message import Message

from chassis.context import current_traceparent
from chassis.database import Statements
from chassis.ids import new_id
from chassis.relay import Relay

__all__ = ["OUTBOX_APPEND", "OutgoingEvent", "Relay", "append", "append_call"]


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """One thing that happened to one aggregate.

    ``name`` is past tense without the context ("order_confirmed"), ``aggregate_id`` a TypeID.
    """

    name: str
    aggregate_id: str
    message: Message
    id: UUID = field(default_factory=new_id)

    def params(self, prefix: str = "event") -> dict[str, object]:
        """Return the parameters that ``append_call(prefix)`` names."""
        return {
            f"{prefix}_id": self.id,
            f"{prefix}_name": self.name,
            f"{prefix}_aggregate": self.aggregate_id,
            f"{prefix}_payload": self.message.SerializeToString(),
            f"{prefix}_traceparent": current_traceparent(),
        }


def append_call(prefix: str = "event") -> str:
    """Return the SQL call that appends an event, for the final SELECT of a statement.

    It runs once for each row that the SELECT returns, so that no change means no event:
    ``WITH updated AS (UPDATE ... RETURNING id) SELECT id, <append_call()> FROM updated``.
    The call returns the event's sequence number (bigint, from 1).
    """
    return (
        f"outbox_append(%({prefix}_id)s, %({prefix}_name)s, %({prefix}_aggregate)s, "
        f"%({prefix}_payload)s, %({prefix}_traceparent)s)"
    )


OUTBOX_APPEND = append_call()
_APPEND = f"SELECT {OUTBOX_APPEND} AS sequence"


async def append(statements: Statements, event: OutgoingEvent) -> int:
    """Append an event in the caller's transaction; return its sequence number."""
    row = await statements.fetch_one(_APPEND, event.params())
    if row is None:
        raise AssertionError("a SELECT of a function has a row")
    sequence: int = row["sequence"]
    return sequence
