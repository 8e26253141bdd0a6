"""Messages as commands' parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from google.protobuf import struct_pb2

from catalog.domain.errors import ValidationFailed
from catalog.domain.money import Price
from catalog.domain.options import Option
from catalog.domain.variant import NewVariant
from chassis.context import current_idempotency
from chassis.errors import ServiceError
from chassis.ids import new_id, parse_id
from soko.catalog.v1 import catalog_pb2
from soko.common.v1.money_pb2 import Money


def creation_id(purpose: str) -> UUID:
    """Return the id of what this request creates: the same one when the request is repeated."""
    key = current_idempotency()
    return new_id() if key is None else key.derive_id(purpose)


def reference(prefix: str, text: str, pointer: str) -> UUID:
    """Return the UUID of a TypeID inside a body; raises ValidationFailed for other text."""
    try:
        return parse_id(prefix, text)
    except ServiceError:
        raise ValidationFailed([(pointer, f"must be an id ({prefix}_)")]) from None


def price(message: Money) -> Price:
    """Return a price."""
    return Price(message.amount_minor, message.currency)


def options(messages: Iterable[catalog_pb2.ProductOption]) -> list[Option]:
    """Return options."""
    return [Option(message.name, tuple(message.values)) for message in messages]


def new_variant(message: catalog_pb2.NewVariant) -> NewVariant:
    """Return a variant to be."""
    has_former_price = message.HasField("compare_at_price")
    return NewVariant(
        sku=message.sku,
        title=message.title,
        options=dict(message.options),
        prices=[price(each) for each in message.prices],
        compare_at=price(message.compare_at_price) if has_former_price else None,
        weight_g=message.weight_g if message.HasField("weight_g") else None,
    )


def attributes(message: struct_pb2.Struct) -> Mapping[str, Any]:
    """Return a Struct as plain values; whole numbers become integers again."""
    return {name: _value(value) for name, value in message.fields.items()}


def _value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return attributes(value.struct_value)
        case "list_value":
            return [_value(each) for each in value.list_value.values]
        case _:
            return None
