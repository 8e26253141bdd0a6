"""What the gateway promises clients changes only on purpose, and takes nothing away."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from gateway.__main__ import main
from tests.contract.openapi_changes import breaking_changes

SNAPSHOT = Path(__file__).parent / "openapi.json"
BASELINE = Path(__file__).parent / "baseline" / "openapi.json"
REFRESH = "python -m gateway openapi > tests/contract/openapi.json"


def test_the_openapi_document_is_the_one_that_was_agreed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["openapi"]) == 0
    present = json.loads(capsys.readouterr().out)
    agreed = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert present == agreed, f"if this is meant, run: {REFRESH}"


def test_clients_of_the_release_before_find_all_that_they_knew() -> None:
    before, present = (
        json.loads(path.read_text(encoding="utf-8")) for path in (BASELINE, SNAPSHOT)
    )
    assert breaking_changes(before, present) == []


def test_every_reference_of_the_document_leads_somewhere() -> None:
    text = SNAPSHOT.read_text(encoding="utf-8")
    document = json.loads(text)
    for pointer in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        place = document
        for part in pointer.split("/"):
            place = place[part]
        assert place


NOTE = {
    "openapi": "3.1.0",
    "paths": {
        "/notes/{id}": {
            "put": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "draft", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/schemas/Body"}}},
                },
                "responses": {
                    "200": {
                        "content": {"application/json": {"schema": {"$ref": "#/schemas/Note"}}},
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                    },
                    "404": {"content": {"application/problem+json": {}}},
                },
                "security": [{"bearer": []}, {"key": []}],
            }
        }
    },
    "schemas": {
        "Body": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {
                "text": {"type": "string", "maxLength": 100, "minLength": 1},
                "kind": {"type": "string", "enum": ["memo", "letter"]},
                "place": {"anyOf": [{"$ref": "#/schemas/Place"}, {"type": "null"}]},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        },
        "Place": {"type": "object", "properties": {"city": {"type": "string"}}},
        "Note": {
            "type": "object",
            "required": ["id", "text"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "text": {"type": "string"},
                "size": {"type": "integer"},
                "kind": {"type": "string", "enum": ["memo", "letter"]},
                "answers": {"type": "array", "items": {"$ref": "#/schemas/Note"}},
            },
        },
    },
}
"""One operation with all that documents are made of; a note holds notes."""

Change = Callable[[Any, Any, Any, Any], object]
"""Given the operation and the schemas of body, place and note."""


def changed(change: Change) -> list[str]:
    document: Any = deepcopy(NOTE)
    schemas = document["schemas"]
    change(
        document["paths"]["/notes/{id}"]["put"], schemas["Body"], schemas["Place"], schemas["Note"]
    )
    return breaking_changes(NOTE, document)


def edit(place: Any, **values: Any) -> None:
    place.update(values)


BREAKING: dict[str, Change] = {
    "a parameter": lambda op, body, place, note: op["parameters"].pop(),
    "a parameter's type": lambda op, body, place, note: edit(
        op["parameters"][1]["schema"], type="integer"
    ),
    "a parameter that must be": lambda op, body, place, note: edit(
        op["parameters"][1], required=True
    ),
    "a new parameter that must be": lambda op, body, place, note: op["parameters"].append(
        {"in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"}}
    ),
    "a way to log in": lambda op, body, place, note: op["security"].pop(),
    "a status": lambda op, body, place, note: op["responses"].pop("404"),
    "a header": lambda op, body, place, note: op["responses"]["200"]["headers"].pop("ETag"),
    "a media type": lambda op, body, place, note: op["responses"]["200"]["content"].clear(),
    "the body": lambda op, body, place, note: op.pop("requestBody"),
    "a field of the body": lambda op, body, place, note: body["properties"].pop("kind"),
    "a field that must be sent": lambda op, body, place, note: body["required"].append("kind"),
    "a value of a list": lambda op, body, place, note: body["properties"]["kind"]["enum"].pop(),
    "a list where there was none": lambda op, body, place, note: edit(
        body["properties"]["text"], enum=["a"]
    ),
    "a shorter text": lambda op, body, place, note: edit(body["properties"]["text"], maxLength=99),
    "a longer text": lambda op, body, place, note: edit(body["properties"]["text"], minLength=2),
    "a pattern": lambda op, body, place, note: edit(body["properties"]["text"], pattern="a"),
    "a format that is asked for": lambda op, body, place, note: edit(
        body["properties"]["text"], format="uuid"
    ),
    "null": lambda op, body, place, note: body["properties"]["place"]["anyOf"].pop(),
    "within an alternative": lambda op, body, place, note: edit(place, required=["city"]),
    "the type of items": lambda op, body, place, note: edit(
        body["properties"]["tags"]["items"], type="integer"
    ),
    "no further fields": lambda op, body, place, note: edit(place, additionalProperties=False),
    "a field of the answer": lambda op, body, place, note: note["properties"].pop("size"),
    "another name": lambda op, body, place, note: edit(
        note["properties"], length=note["properties"].pop("size")
    ),
    "a field that is not always there": lambda op, body, place, note: note["required"].pop(),
    "the type of a field": lambda op, body, place, note: edit(
        note["properties"]["size"], type="number"
    ),
    "a field that may be null": lambda op, body, place, note: edit(
        note["properties"]["size"], type=["integer", "null"]
    ),
    "an alternative of the answer": lambda op, body, place, note: edit(
        note["properties"], size={"anyOf": [{"type": "integer"}, {"type": "string"}]}
    ),
    "the format of a field": lambda op, body, place, note: note["properties"]["id"].pop("format"),
    "a word nobody knows": lambda op, body, place, note: edit(note, dependentRequired={}),
}
FINE: dict[str, Change] = {
    "a parameter that may be": lambda op, body, place, note: op["parameters"].append(
        {"in": "query", "name": "x", "schema": {"type": "string"}}
    ),
    "a way to log in": lambda op, body, place, note: op["security"].append({"cookie": []}),
    "a status": lambda op, body, place, note: edit(op["responses"], **{"409": {}}),
    "a field of the body": lambda op, body, place, note: edit(
        body["properties"], more={"type": "string"}
    ),
    "a field that may be left out": lambda op, body, place, note: body["required"].clear(),
    "a value to send": lambda op, body, place, note: body["properties"]["kind"]["enum"].append("x"),
    "a longer text": lambda op, body, place, note: edit(body["properties"]["text"], maxLength=101),
    "any text": lambda op, body, place, note: body["properties"]["text"].pop("maxLength"),
    "a wider type": lambda op, body, place, note: edit(
        body["properties"]["text"], type=["string", "null"]
    ),
    "a field of the answer": lambda op, body, place, note: edit(
        note["properties"], more={"type": "string"}
    ),
    "a field that is always there": lambda op, body, place, note: note["required"].append("size"),
    "a new value in answers": lambda op, body, place, note: note["properties"]["kind"][
        "enum"
    ].append("x"),
    "words": lambda op, body, place, note: edit(note, description="A note."),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_what_clients_would_stumble_over_is_found(change: Change) -> None:
    assert changed(change) != []


@pytest.mark.parametrize("change", FINE.values(), ids=FINE.keys())
def test_what_only_adds_is_not(change: Change) -> None:
    assert changed(change) == []


def test_operations_that_are_gone_are_found() -> None:
    assert breaking_changes(NOTE, {**NOTE, "paths": {}}) == ["PUT /notes/{id}: removed"]
    assert breaking_changes({**NOTE, "paths": {}}, NOTE) == []
