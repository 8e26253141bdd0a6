"""Values that every context shares: money, addresses, times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.bodies.fields import AddressBody, MoneyBody
from soko.common.v1.address_pb2 import Address
from soko.common.v1.money_pb2 import Money

Document = dict[str, Any]


def money(value: Money) -> Document:
    """Return an amount as clients get it."""
    return {"amount_minor": value.amount_minor, "currency": value.currency}


def time(value: Timestamp) -> datetime:
    """Return a point in time; orjson writes it as RFC 3339 with ``Z``."""
    return datetime.fromtimestamp(value.seconds, UTC).replace(microsecond=value.nanos // 1000)


def address(value: Address) -> Document:
    """Return a postal address without its empty parts."""
    document = {
        "name": value.name,
        "line1": value.line1,
        "line2": value.line2,
        "city": value.city,
        "region": value.region,
        "postal_code": value.postal_code,
        "country": value.country,
        "phone": value.phone,
    }
    return {name: text for name, text in document.items() if text}


def given_money(body: MoneyBody) -> Money:
    """Return a client's amount as services get it."""
    return Money(amount_minor=body.amount_minor, currency=body.currency)


def to_money(body: MoneyBody | None) -> Money | None:
    """Return a client's amount as services get it, None without one."""
    return None if body is None else given_money(body)


def to_address(body: AddressBody | None) -> Address | None:
    """Return a client's address as services get it."""
    if body is None:
        return None
    return Address(
        name=body.name,
        line1=body.line1,
        line2=body.line2 or "",
        city=body.city,
        region=body.region or "",
        postal_code=body.postal_code or "",
        country=body.country,
        phone=body.phone or "",
    )


def page(items: list[Document], next_cursor: str) -> Document:
    """Return a page of a list."""
    return {"items": items, "next_cursor": next_cursor or None}
