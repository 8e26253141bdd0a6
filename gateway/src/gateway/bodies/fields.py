"""Types of the members and parameters that clients send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from annotated_types import GroupedMetadata
from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from chassis.iso import is_country, is_currency

MAX_AMOUNT = 2**53 - 1
"""The largest amount in minor units: every JSON parser keeps it exact."""
MAX_QUANTITY = 9999
MAX_STOCK = 1_000_000_000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_BREAK = re.compile(r"[\x00-\x1f\x7f]")
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f\"(),:;<>\[\]\\]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")
_DOMAIN_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")


class Body(BaseModel):
    """A request body: exact types, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def _one_line(text: str) -> str:
    if _LINE_BREAK.search(text):
        raise ValueError("Control characters are not allowed.")
    return text


def _readable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("Control characters are not allowed.")
    return text


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError("This is no ISO 4217 currency code.")
    return code


def _country(code: str) -> str:
    if not is_country(code):
        raise ValueError("This is no ISO 3166-1 alpha-2 country code.")
    return code


def _email(text: str) -> str:
    local, _, domain = text.rpartition("@")
    labels = domain.split(".")
    if (
        not _EMAIL.fullmatch(text)
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
        or len(labels) < 2
        or not all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    ):
        raise ValueError("This is no e-mail address.")
    return text


@dataclass(frozen=True, slots=True)
class Line(GroupedMetadata):
    """A text of one line, stripped, with bounds in characters."""

    max_length: int
    min_length: int = 0

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(
            strip_whitespace=True, min_length=self.min_length, max_length=self.max_length
        )
        yield AfterValidator(_one_line)


@dataclass(frozen=True, slots=True)
class Prose(GroupedMetadata):
    """A text that may have several lines, with a bound in characters."""

    max_length: int

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(max_length=self.max_length)
        yield AfterValidator(_readable)


def absent() -> Any:
    """Return the default of a patch's member: None, which a client cannot send."""
    return Field(default_factory=lambda: None)


Currency = Annotated[
    str,
    StringConstraints(min_length=3, max_length=3),
    AfterValidator(_currency),
    Field(description="ISO 4217 code, upper case", examples=["KES"]),
]
Country = Annotated[
    str,
    StringConstraints(min_length=2, max_length=2),
    AfterValidator(_country),
    Field(description="ISO 3166-1 alpha-2 code, upper case", examples=["KE"]),
]
Email = Annotated[
    str,
    StringConstraints(max_length=254, strip_whitespace=True),
    AfterValidator(_email),
    Field(description="E-mail address", examples=["sample@soko.example"]),
]
Locale = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"),
    Field(description="BCP 47 language tag", examples=["sw-KE"]),
]
Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=120),
    Field(description="Name for addresses", examples=["kitenge-shirt"]),
]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="Amount in minor units")]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, description="Units")]


def example(**members: Any) -> ConfigDict:
    """Return the configuration of a body that shows an example in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class MoneyBody(Body):
    """An amount in the minor unit of its currency."""

    model_config = example(amount_minor=129900, currency="KES")

    amount_minor: Amount
    currency: Currency


class AddressBody(Body):
    """A postal address."""

    model_config = example(
        name="Sample Buyer",
        line1="14 Biashara Street",
        city="Nairobi",
        postal_code="00100",
        country="KE",
    )

    name: Annotated[str, Line(200, 1)]
    line1: Annotated[str, Line(200, 1)]
    line2: Annotated[str, Line(200)] | None = None
    city: Annotated[str, Line(120, 1)]
    region: Annotated[str, Line(120)] | None = None
    postal_code: Annotated[str, Line(20)] | None = None
    country: Country
    phone: Annotated[str, Line(40)] | None = None


def _id_pattern(prefix: str) -> str:
    return f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"


@dataclass(frozen=True, slots=True)
class IdOf(GroupedMetadata):
    """A TypeID inside a body."""

    prefix: str
    what: str

    def __iter__(self) -> Iterator[object]:
        yield StringConstraints(pattern=_id_pattern(self.prefix))
        yield Field(description=f"Id of {self.what}")


def _path_id(prefix: str, what: str) -> Any:
    """Return a path parameter that is an id; any other text is 404."""
    return Path(pattern=_id_pattern(prefix), description=f"Id of {what}")


_NAME_PATTERN = r"^[^\x00-\x20\x7f/]{1,160}$"

CartId = Annotated[str, _path_id("cart", "the cart")]
ItemId = Annotated[str, _path_id("item", "the line")]
OrderId = Annotated[str, _path_id("ord", "the order")]
ProductId = Annotated[str, _path_id("prd", "the product")]
VariantId = Annotated[str, _path_id("var", "the variant")]
CategoryId = Annotated[str, _path_id("cat", "the category")]
MediaId = Annotated[str, _path_id("med", "the picture")]
SellerOrderId = Annotated[str, _path_id("sor", "the seller's part of an order")]
ShipmentId = Annotated[str, _path_id("shp", "the shipment")]
PaymentId = Annotated[str, _path_id("pay", "the payment")]
CommissionRuleId = Annotated[str, _path_id("cmr", "the rule")]
SessionId = Annotated[str, _path_id("ses", "the session")]
ApiKeyId = Annotated[str, _path_id("key", "the API key")]
AccountId = Annotated[str, _path_id("usr", "the account")]
NotificationId = Annotated[str, _path_id("ntf", "the notification")]
ProviderName = Annotated[
    str, Path(pattern=r"^[a-z][a-z0-9-]{0,31}$", description="Name of the login provider")
]
SellerName = Annotated[str, Path(pattern=_NAME_PATTERN, description="Id or slug of the seller")]
ProductName = Annotated[str, Path(pattern=_NAME_PATTERN, description="Id or slug of the product")]


def _in_utc(moment: datetime) -> datetime:
    try:
        found = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("There is no such time.") from None
    if found < _EARLIEST:
        raise ValueError("Nothing is older than 1970.")
    return found


_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    Query(description="RFC 3339, with an offset; 1970 or later"),
]
Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most")]
Cursor = Annotated[
    str,
    Query(
        max_length=2048,
        pattern=r"^[\x21-\x7e]*$",
        description="`next_cursor` of the previous page; empty for the first",
    ),
]
OneLine = AfterValidator(_one_line)
IsCurrencyOrEmpty = AfterValidator(lambda code: _currency(code) if code else "")
