"""The AsyncAPI 3 document: what Soko tells over NATS and WebSockets, out of what tells it.

``python -m tests.contract.asyncapi_document > tests/contract/asyncapi.json`` writes it. Messages
are those of ``protos/soko/events/v1``, with its comments; examples are the golden samples; headers
are those that the chassis writes; WebSockets are the gateway's routes.
Specification: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

import inspect
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]

from chassis.broker import stream_name
from chassis.envelope import CONTENT_TYPE, Envelope, source, subject
from gateway.routes import sockets
from tests.architecture.source_tree import ROOT
from tests.contract.event_samples import event_name, events, read_sample

Json = dict[str, Any]
_PROTOS = ROOT / "protos"
_TIMESTAMP = "google.protobuf.Timestamp"
_MESSAGE_TYPE = 4
_FIELD = 2
_DESCRIPTION = """\
What Soko tells without being asked.

Over NATS JetStream each service tells events of its own: one subject and one protobuf message per \
event, with CloudEvents attributes in the headers (binary mode of the NATS protocol binding). The \
payloads' schemas are of the messages' JSON form (https://protobuf.dev/programming-guides/json/), \
with the names of the protos. An event is delivered at least once: take each `ce-id` once. \
`ce-sequence` counts an aggregate's events (`ce-subject`) from 1 without a gap. Fields and events \
are only ever added, and words such as a status are open: expect new ones. Events carry no \
e-mail addresses, postal addresses, phone numbers or secrets.

Over WebSockets the gateway tells the state of orders as JSON text. The first message is the \
present state, or with `after` the first message that was missed. Close codes: 4401 not allowed or \
ticket used, 4404 unknown, 4408 too slow, 1012 restart, 1013 a service is away.\
"""
_HEADERS: Mapping[str, Json] = {
    "Nats-Msg-Id": {"description": "What the broker removes duplicates by."},
    "ce-specversion": {"const": "1.0", "description": "CloudEvents' version."},
    "ce-id": {"format": "uuid", "description": "The event's id (UUIDv7)."},
    "ce-type": {"description": "The subject."},
    "ce-source": {"description": "The context that tells it."},
    "ce-time": {"format": "date-time", "description": "When it happened."},
    "ce-subject": {"description": "The aggregate's id."},
    "ce-sequence": {"pattern": "^[1-9][0-9]*$", "description": "Counts the aggregate's events."},
    "ce-datacontenttype": {"const": CONTENT_TYPE, "description": "The payload is protobuf."},
    "traceparent": {"description": "W3C trace context, if there is one."},
}
_SCALARS: Mapping[int, Json] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0},
    FieldDescriptor.TYPE_INT64: {"type": "string", "pattern": "^-?[0-9]+$"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
}
_UPDATE: Json = {
    "type": "object",
    "required": ["type", "status", "payload", "sequence", "event_id"],
    "properties": {
        "type": {
            "type": "string",
            "description": "order_status_update; connected begins an account's socket.",
        },
        "status": {"type": "string", "description": "The order's status."},
        "payload": {
            "type": "object",
            "properties": {
                "order_id": {"type": "string", "description": "Order id (ord_)."},
                "payment_status": {"type": "string"},
                "fulfilment_status": {"type": "string"},
                "user_id": {"type": "string", "description": "Of connected: the account (usr_)."},
                "shipment": {
                    "type": "object",
                    "description": "The parcel that changed, if one did.",
                    "properties": {
                        "id": {"type": "string", "description": "Shipment id (shp_)."},
                        "seller_order_id": {"type": "string"},
                        "carrier": {"type": "string"},
                        "tracking_number": {"type": ["string", "null"]},
                        "status": {"type": "string"},
                    },
                },
            },
        },
        "sequence": {
            "type": "integer",
            "minimum": 0,
            "description": "Counts the group's messages from 1; 0 for a state that none told of.",
        },
        "event_id": {"type": ["string", "null"], "description": "The event behind it (evt_)."},
    },
}


def document() -> Json:
    """Return the whole document."""
    comments = _comments()
    schemas: dict[str, Json] = {"OrderStatusUpdate": _UPDATE, "EventHeaders": _headers()}
    channels, operations, messages = dict[str, Json](), dict[str, Json](), dict[str, Json]()
    for context, descriptor in events():
        name = event_name(descriptor.name)
        _add_schema(schemas, descriptor, comments)
        messages[descriptor.name] = _message(context, descriptor, comments)
        channels[name] = {
            "address": subject(context, name),
            "servers": [{"$ref": "#/servers/broker"}],
            "summary": f"Stream {stream_name(context)}.",
            "messages": {name: {"$ref": f"#/components/messages/{descriptor.name}"}},
        }
        operations[f"send_{name}"] = _sending(name, context)
    messages["OrderStatusUpdate"] = {
        "name": "order_status_update",
        "title": "An order's state",
        "contentType": "application/json",
        "payload": {"$ref": "#/components/schemas/OrderStatusUpdate"},
    }
    for name, channel in _sockets():
        channels[name] = channel
        operations[f"send_{name}"] = _sending(name, "gateway")
    return {
        "asyncapi": "3.0.0",
        "id": "urn:soko",
        "info": {
            "title": "Soko",
            "version": version("soko-gateway"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": _servers(),
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _servers() -> Json:
    return {
        "broker": {
            "host": "127.0.0.1:4222",
            "protocol": "nats",
            "description": "NATS with JetStream, within the deployment.",
            "security": [{"type": "userPassword", "description": "One user per process."}],
        },
        "gateway": {
            "host": "127.0.0.1:8000",
            "protocol": "ws",
            "description": "The gateway; wss behind TLS.",
        },
    }


def _sending(name: str, sender: str) -> Json:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "tags": [{"name": sender}],
    }


def _sockets() -> Iterator[tuple[str, Json]]:
    for route in sockets.routes:
        yield (
            route.name,
            {
                "address": route.path,
                "servers": [{"$ref": "#/servers/gateway"}],
                "summary": inspect.getdoc(route.endpoint),
                "parameters": {name: {} for name in sorted(route.param_convertors)},
                "messages": {
                    "order_status_update": {"$ref": "#/components/messages/OrderStatusUpdate"}
                },
                "bindings": {"ws": {"method": "GET", "query": _query(route.path)}},
            },
        )


def _query(path: str) -> Json:
    ticket = {"type": "string", "description": "Of POST /v1/ws-tickets; good once, for 60 s."}
    token = {"type": "string", "description": "A guest's proof: the order's token."}
    after = {"type": "integer", "minimum": 0, "description": "Go on behind this sequence number."}
    guests = {"order_token": token} if path.startswith("/ws/orders/") else {}
    return {"type": "object", "properties": {"ticket": ticket, **guests, "after": after}}


def _headers() -> Json:
    return {
        "type": "object",
        "required": [name for name in _HEADERS if name != "traceparent"],
        "properties": {name: {"type": "string", **_HEADERS[name]} for name in _HEADERS},
    }


def _message(context: str, descriptor: Descriptor, comments: Mapping[str, str]) -> Json:
    name = event_name(descriptor.name)
    sample = json_format.MessageToDict(
        read_sample(context, descriptor), preserving_proto_field_name=True
    )
    example = Envelope(
        id=UUID("01938ef4-9b7e-7b9a-8c1f-2d3e4f5a6b7c"),
        name=name,
        source=source(context),
        time=datetime(2026, 11, 21, 12, tzinfo=UTC),
        aggregate_id=str(_first_text(sample)),
        sequence=1,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=b"",
    )
    headers = example.headers(context, str(example.id))
    return {
        "name": name,
        "title": descriptor.full_name,
        "summary": comments[descriptor.full_name].removeprefix(f"{name}: "),
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/EventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{descriptor.name}"},
        "examples": [{"name": "sample", "headers": headers, "payload": sample}],
    }


def _first_text(sample: object) -> object:
    """Return the first id of a sample, which is its aggregate's."""
    while isinstance(sample, dict):
        sample = next(iter(sample.values()))
    return sample


def _add_schema(
    schemas: dict[str, Json], descriptor: Descriptor, comments: Mapping[str, str]
) -> None:
    """Add a message's schema, and those of the messages in it."""
    if descriptor.name in schemas:
        return
    properties: Json = {}
    schemas[descriptor.name] = {
        "type": "object",
        "description": comments[descriptor.full_name],
        "properties": properties,
    }
    for field in descriptor.fields:
        of = field.message_type
        if of is not None and of.full_name != _TIMESTAMP:
            _add_schema(schemas, of, comments)
        properties[field.name] = _field(field, comments[field.full_name])


def _field(field: FieldDescriptor, comment: str) -> Json:
    of = field.message_type
    if of is None:
        value = dict(_SCALARS[field.type])
    elif of.full_name == _TIMESTAMP:
        value = {"type": "string", "format": "date-time"}
    else:
        # Beside a reference nothing counts in JSON Schema's draft 7.
        value = {"allOf": [{"$ref": f"#/components/schemas/{of.name}"}]}
    if field.is_repeated:
        value = {"type": "array", "items": value}
    return {**value, "description": comment}


def _comments() -> dict[str, str]:
    """Return what the protos say of each message and field, by its full name."""
    files = sorted(str(path.relative_to(_PROTOS)) for path in _PROTOS.rglob("events/v1/*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "events.binpb"
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={made}"]
        if protoc.main(["protoc", f"-I{_PROTOS}", _well_known(), *options, *files]) != 0:
            raise RuntimeError("protoc refused the protos")
        found = FileDescriptorSet.FromString(made.read_bytes())
    comments: dict[str, str] = {}
    for file in found.file:
        said = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}
        for index, message in enumerate(file.message_type):
            here = (_MESSAGE_TYPE, index)
            comments |= _comments_of(message, here, f"{file.package}.{message.name}", said)
    return comments


def _comments_of(
    message: DescriptorProto,
    path: tuple[int, ...],
    name: str,
    said: Mapping[tuple[int, ...], str],
) -> dict[str, str]:
    found = {name: _plain(said.get(path, ""))}
    for index, field in enumerate(message.field):
        found[f"{name}.{field.name}"] = _plain(said.get((*path, _FIELD, index), ""))
    return found


def _well_known() -> str:
    """Return protoc's option for the messages that come with it."""
    return f"-I{Path(protoc.__file__).parent / '_proto'}"


def _plain(comment: str) -> str:
    return " ".join(comment.split())


def text() -> str:
    """Return the document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
