"""An event as it travels: CloudEvents attributes in NATS headers, protobuf in the body.

Binary content mode of the CloudEvents NATS protocol binding 1.0
(https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

CONTENT_TYPE = "application/protobuf"
MESSAGE_ID = "Nats-Msg-Id"


def subject(context: str, name: str) -> str:
    """Return the subject, which is the CloudEvents type too: ``soko.orders.order_placed.v1``."""
    return f"soko.{context}.{name}.v1"


def source(context: str) -> str:
    """Return the CloudEvents source of a context's events."""
    return f"/soko/{context}"


def span_attributes(subject: str, event_id: UUID) -> dict[str, str]:
    """Return what a span says of an event (OpenTelemetry's conventions for messaging)."""
    return {
        "messaging.system": "nats",
        "messaging.destination.name": subject,
        "messaging.message.id": str(event_id),
    }


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event and what is known about it without reading its payload."""

    id: UUID
    name: str
    source: str
    time: datetime
    aggregate_id: str
    sequence: int
    """Counts the aggregate's events from 1, without a gap."""
    traceparent: str
    data: bytes

    def headers(self, context: str, message_id: str) -> dict[str, str]:
        """Return the NATS headers; ``message_id`` is what the broker removes duplicates by."""
        headers = {
            MESSAGE_ID: message_id,
            "ce-specversion": "1.0",
            "ce-id": str(self.id),
            "ce-type": subject(context, self.name),
            "ce-source": self.source,
            "ce-time": self.time.isoformat(),
            "ce-subject": self.aggregate_id,
            "ce-sequence": str(self.sequence),
            "ce-datacontenttype": CONTENT_TYPE,
        }
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        return headers


class UnreadableEventError(Exception):
    """A message without the headers of an event."""


def parse(headers: Mapping[str, str] | None, data: bytes) -> Envelope:
    """Read an event from a message; raises UnreadableEventError if it is not one of ours."""
    found = headers or {}
    try:
        return Envelope(
            id=UUID(found["ce-id"]),
            name=found["ce-type"].split(".")[2],
            source=found["ce-source"],
            time=datetime.fromisoformat(found["ce-time"]),
            aggregate_id=found["ce-subject"],
            sequence=int(found["ce-sequence"]),
            traceparent=found.get("traceparent", ""),
            data=data,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise UnreadableEventError(f"not an event of ours: {error!r}") from error
