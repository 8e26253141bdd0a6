"""What Soko tells over NATS and WebSockets is described, and changes only by adding."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from asyncapi3.models.asyncapi import AsyncAPI3  # type: ignore[import-untyped]

from chassis.envelope import MESSAGE_ID
from gateway.routes.sockets import order_state, user_state
from notifications.domain.realtime import status_drafts
from notifications.domain.updates import OrderUpdate, ParcelUpdate
from soko.orders.v1.order_pb2 import Order
from tests.contract.asyncapi_document import document

Json = dict[str, Any]
SNAPSHOT = Path(__file__).parent / "asyncapi.json"
BASELINE = Path(__file__).parent / "baseline" / "asyncapi.json"
REFRESH = "python -m tests.contract.asyncapi_document > tests/contract/asyncapi.json"
DRAFT = "http://json-schema.org/draft-07/schema#"
_SAID = ("description", "summary", "title", "examples", "version")


@pytest.fixture(scope="module")
def present() -> Json:
    return document()


def broken(before: Any, now: Any, at: str = "") -> list[str]:
    """Return what was promised and is not there any more; what is only said may change."""
    if isinstance(before, dict) and isinstance(now, dict):
        kept = [key for key in before if key not in _SAID or at.endswith("/properties")]
        return [
            each
            for key in kept
            for each in (
                broken(before[key], now[key], f"{at}/{key}") if key in now else [f"{at}/{key}"]
            )
        ]
    if isinstance(before, list) and isinstance(now, list):
        return [f"{at}: {item}" for item in before if item not in now]
    return [] if before == now else [f"{at}: {before} became {now}"]


def test_the_asyncapi_document_is_the_one_that_was_agreed(present: Json) -> None:
    agreed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert present == agreed, f"if this is meant, run: {REFRESH}"


def test_nothing_that_a_subscriber_relies_on_has_changed(present: Json) -> None:
    assert broken(json.loads(BASELINE.read_text(encoding="utf-8")), present) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (("channels",), {"order_placed": None}),
        (("channels", "order_placed"), {"address": "soko.orders.placed.v1"}),
        (("components", "schemas", "OrderState", "properties"), {"version": None}),
        (("components", "schemas", "OrderState", "properties"), {"version": {"type": "integer"}}),
        (("components", "schemas", "OrderStatusUpdate"), {"required": ["type"]}),
    ],
)
def test_what_would_break_a_subscriber_is_noticed(
    present: Json, path: tuple[str, ...], change: Json
) -> None:
    changed = copy.deepcopy(present)
    place = changed
    for part in path:
        place = place[part]
    for key, value in change.items():
        if value is None:
            del place[key]
        else:
            place[key] = value
    assert broken(present, changed)
    assert broken(changed, present) == [] or None not in change.values()


def test_it_is_an_asyncapi_document(present: Json) -> None:
    AsyncAPI3.model_validate(present)
    with pytest.raises(ValueError, match="adress"):
        AsyncAPI3.model_validate({**present, "channels": {"a": {"adress": "misspelt"}}})
    for schema in present["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid({"$schema": DRAFT, **schema})


def test_every_reference_leads_somewhere(present: Json) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return [*here, *(each for item in value.values() for each in references(item))]
        if isinstance(value, list):
            return [each for item in value for each in references(item)]
        return []

    found = set(references(present))
    assert len(found) > len(present["channels"])
    for reference in found:
        place = present
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def validator(present: Json, name: str) -> jsonschema_rs.Validator:
    """Return a validator of a named schema that knows every field there is."""
    schemas = copy.deepcopy(present["components"]["schemas"])
    for schema in _objects(schemas):
        schema["additionalProperties"] = False
    whole = {"$schema": DRAFT, "components": {"schemas": schemas}}
    return jsonschema_rs.validator_for({**whole, "$ref": f"#/components/schemas/{name}"})


def _objects(schema: Any) -> Iterator[Json]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for each in schema.values():
            yield from _objects(each)


def test_each_message_is_described_as_it_is_sent(present: Json) -> None:
    messages = present["components"]["messages"]
    headers = validator(present, "EventHeaders")
    for name, message in messages.items():
        assert message.get("summary") or message.get("title"), name
        for example in message.get("examples", ()):
            headers.validate(example["headers"])
            assert example["headers"][MESSAGE_ID]
            validator(present, name).validate(example["payload"])


def test_sockets_tell_what_is_described(present: Json) -> None:
    update = validator(present, "OrderStatusUpdate")
    parcel = ParcelUpdate("shp_1", "sor_1", "posta", "", "in_transit")
    change = OrderUpdate(
        event_id="evt_1",
        event_name="shipment_created",
        occurred_at=datetime(2026, 11, 21, tzinfo=UTC),
        order_id="ord_1",
        number="SK-1",
        account_id="",
        status="confirmed",
        payment_status="captured",
        fulfilment_status="shipped",
        cancel_reason="",
        was_confirmed=False,
        version=3,
        shipment=parcel,
    )
    (told,) = status_drafts(change)
    update.validate({**told.body, "sequence": 1, "event_id": told.event_id})
    for first in (order_state(Order(id="ord_1", status="confirmed")), user_state("usr_1")):
        update.validate(json.loads(first))
