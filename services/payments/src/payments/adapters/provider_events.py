"""The store of providers' webhooks in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.database import Database, Row
from chassis.ids import new_id
from payments.app.webhooks import ProviderEvent, StoredEvent

_ADD = """
INSERT INTO provider_event (
    id, provider, event_id, kind, attempt_id, reference, details, received_at, next_try_at, tries
)
VALUES (
    %(id)s, %(provider)s, %(event_id)s, %(kind)s, %(attempt_id)s, %(reference)s, %(details)s,
    %(now)s, %(now)s, 0
)
ON CONFLICT (provider, event_id) DO NOTHING
"""

# Two workers may try one event at once only when the first took longer than the pause; what they
# do is safe to do twice.
_CLAIM_DUE = """
WITH due AS (
    SELECT id FROM provider_event WHERE next_try_at <= %(now)s
    ORDER BY next_try_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE provider_event e SET
    next_try_at = %(now)s + interval '5 seconds' * 2 ^ least(e.tries, 10),
    tries = e.tries + 1
FROM due WHERE e.id = due.id
RETURNING e.*
"""

_HANDLED = """
UPDATE provider_event SET handled_at = %(now)s, next_try_at = NULL WHERE id = %(id)s
"""

_OF_ATTEMPT = """
SELECT * FROM provider_event WHERE attempt_id = %(attempt_id)s AND provider = %(provider)s
ORDER BY received_at, id
"""


class PostgresProviderEvents:
    """Keeps each webhook once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, provider: str, event: ProviderEvent, now: datetime) -> bool:
        """Store an event, due at once; False for one that is there already."""
        added = await self._db.execute(
            _ADD,
            {
                "id": new_id(),
                "provider": provider,
                "event_id": event.event_id,
                "kind": event.kind,
                "attempt_id": event.attempt_id,
                "reference": event.reference,
                "details": dict(event.details),
                "now": now,
            },
        )
        return added == 1

    async def claim_due(self, now: datetime, limit: int) -> list[StoredEvent]:
        """Return events to handle and push their next try away, further each time."""
        rows = await self._db.fetch_all(_CLAIM_DUE, {"now": now, "limit": limit})
        return [StoredEvent(row["id"], row["provider"], _event(row), row["tries"]) for row in rows]

    async def handled(self, event_id: UUID, now: datetime) -> None:
        """Note that an event was acted on."""
        await self._db.execute(_HANDLED, {"id": event_id, "now": now})

    async def of_attempt(self, provider: str, attempt_id: UUID) -> Sequence[ProviderEvent]:
        """Return all events of an attempt, oldest first."""
        rows = await self._db.fetch_all(
            _OF_ATTEMPT, {"provider": provider, "attempt_id": attempt_id}
        )
        return [_event(row) for row in rows]


def _event(row: Row) -> ProviderEvent:
    return ProviderEvent(
        row["event_id"], row["kind"], row["attempt_id"], row["reference"], row["details"]
    )
