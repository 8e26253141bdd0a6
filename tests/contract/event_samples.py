"""The golden samples: one JSON document (protobuf's JSON form) for each event that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from soko.events.v1 import catalog_pb2, identity_pb2, orders_pb2, payments_pb2

SAMPLES = Path(__file__).parent / "events"
CONTEXTS: dict[str, FileDescriptor] = {
    "identity": identity_pb2.DESCRIPTOR,
    "catalog": catalog_pb2.DESCRIPTOR,
    "orders": orders_pb2.DESCRIPTOR,
    "payments": payments_pb2.DESCRIPTOR,
}
_PARTS = ("State", "Line")
"""Messages that are parts of events, by how their names end."""


def event_name(message: str) -> str:
    """Return an event's name: ``OrderPlaced`` is ``order_placed``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message).lower()


def events() -> Iterator[tuple[str, Descriptor]]:
    """Give context and message type of every event."""
    for context, file in CONTEXTS.items():
        for name, descriptor in file.message_types_by_name.items():
            if not name.endswith(_PARTS):
                yield context, descriptor


def sample_path(context: str, descriptor: Descriptor) -> Path:
    """Return where an event's sample is."""
    return SAMPLES / f"soko.{context}.{event_name(descriptor.name)}.v1.json"


def read_sample(context: str, descriptor: Descriptor) -> Message:
    """Return an event's sample; raise ParseError for a field that the contract does not have."""
    text = sample_path(context, descriptor).read_text()
    return json_format.Parse(text, GetMessageClass(descriptor)())
