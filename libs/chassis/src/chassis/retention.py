"""How old an id is: UUIDv7 begin with their time, so an age limit is a range of the primary key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID


def oldest_id_since(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 (RFC 9562, 5.7) of a moment: older ids are less."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80)
