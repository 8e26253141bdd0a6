"""Golden samples: bytes as other contexts wrote them once must mean the same for ever."""

import base64
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from google.protobuf.message import DecodeError

from chassis.envelope import Envelope
from chassis.errors import ServiceError
from notifications.entrypoints.foreign_events import PARSERS
from soko.events.v1 import orders_pb2

SAMPLES = json.loads((Path(__file__).parents[1] / "golden" / "events.json").read_text())


def envelope(name: str, data: bytes) -> Envelope:
    return Envelope(
        id=UUID("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"),
        name=name,
        source="/soko/test",
        time=datetime(2026, 11, 21, 12, tzinfo=UTC),
        aggregate_id="",
        sequence=1,
        traceparent="",
        data=data,
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["name"])
def test_a_golden_sample_reads_as_it_always_did(sample):
    data = base64.b64decode(sample["payload_base64"])
    update = PARSERS[sample["context"]][sample["name"]](envelope(sample["name"], data))
    read = dataclasses.asdict(update)
    assert {key: read[key] for key in sample["read"]} == sample["read"]
    assert read["event_id"] == "evt_01jegv5gymfsfrn6rc3mq3yjjv"


def test_every_event_that_is_read_has_a_golden_sample():
    named = {(sample["context"], sample["name"]) for sample in SAMPLES}
    assert named == {(context, name) for context, names in PARSERS.items() for name in names}


def test_fields_that_nobody_here_knows_are_passed_over():
    sample = next(s for s in SAMPLES if s["name"] == "order_confirmed")
    unknown_field = b"\xfa\x3f\x03new"
    data = base64.b64decode(sample["payload_base64"]) + unknown_field
    update = PARSERS["orders"]["order_confirmed"](envelope("order_confirmed", data))
    assert update.number == sample["read"]["number"]


@pytest.mark.parametrize("order_id", ["", "ord_x", "usr_01jegv5gykfsfrn6rc3mq3yjjv"])
def test_an_event_without_a_proper_id_is_refused(order_id):
    message = orders_pb2.OrderPlaced(order=orders_pb2.OrderState(order_id=order_id))
    with pytest.raises(ServiceError):
        PARSERS["orders"]["order_placed"](envelope("order_placed", message.SerializeToString()))


def test_bytes_that_are_no_message_are_refused():
    with pytest.raises(DecodeError):
        PARSERS["orders"]["order_placed"](envelope("order_placed", b"\x0a\xff"))
