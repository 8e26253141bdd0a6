"""Bodies of the catalogue calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gateway.bodies.fields import (
    MAX_STOCK,
    Body,
    IdOf,
    Line,
    MoneyBody,
    Prose,
    Slug,
    absent,
    example,
)

_MAX_ATTRIBUTES_BYTES = 32 * 1024
_MAX_ATTRIBUTES_DEPTH = 8
_MAX_EXACT = 2**53
"""Attributes travel as a protobuf Struct, whose numbers are doubles."""


def _bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    if len(orjson.dumps(attributes)) > _MAX_ATTRIBUTES_BYTES:
        raise ValueError(f"Attributes have at most {_MAX_ATTRIBUTES_BYTES} bytes.")
    if _depth(attributes) > _MAX_ATTRIBUTES_DEPTH:
        raise ValueError(f"Attributes nest at most {_MAX_ATTRIBUTES_DEPTH} levels.")
    if _has_inexact_number(attributes):
        raise ValueError("Whole numbers beyond 2^53 would not be kept exactly: send them as text.")
    return attributes


def _has_inexact_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_inexact_number(member) for member in value.values())
    if isinstance(value, list):
        return any(_has_inexact_number(member) for member in value)
    return isinstance(value, int) and abs(value) > _MAX_EXACT


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(member) for member in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(member) for member in value), default=0)
    return 0


Attributes = Annotated[
    dict[str, Any],
    AfterValidator(_bounded),
    Field(description="Free attributes", examples=[{"material": "cotton"}]),
]
Sku = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$"),
    Field(description="Stock keeping unit, unique per seller", examples=["KIT-SHIRT-M"]),
]
OptionText = Annotated[str, Line(80, 1)]
VariantOptions = Annotated[dict[OptionText, OptionText], Field(max_length=10)]
Weight = Annotated[int, Field(ge=0, le=10_000_000, description="Weight in grams")]
Prices = Annotated[list[MoneyBody], Field(min_length=1, max_length=50)]


class OptionBody(Body):
    """An option that variants differ by."""

    name: OptionText
    values: Annotated[list[OptionText], Field(min_length=1, max_length=100)]


class VariantBody(Body):
    """A variant to create."""

    sku: Sku
    title: Annotated[str, Line(200)] | None = None
    price: MoneyBody | None = None
    prices: Prices | None = Field(default=None, description="More prices, one per currency")
    compare_at_price: MoneyBody | None = None
    options: VariantOptions | None = None
    weight_g: Weight | None = None

    @model_validator(mode="after")
    def _has_a_price(self) -> VariantBody:
        _one_per_currency(self.all_prices())
        if not self.all_prices():
            raise ValueError("Give a price.")
        return self

    def all_prices(self) -> list[MoneyBody]:
        """Return ``price`` and ``prices`` together."""
        return ([self.price] if self.price else []) + (self.prices or [])


class VariantPatch(Body):
    """Changes of a variant; what is absent stays."""

    sku: Sku = absent()
    title: Annotated[str, Line(200)] = absent()
    price: MoneyBody = absent()
    prices: Prices = absent()
    compare_at_price: MoneyBody | None = None
    options: VariantOptions = absent()
    weight_g: Weight = absent()

    @model_validator(mode="after")
    def _has_one_price_per_currency(self) -> VariantPatch:
        _one_per_currency(self.all_prices())
        return self

    def all_prices(self) -> list[MoneyBody]:
        """Return ``price`` and ``prices`` together."""
        return ([self.price] if self.price else []) + (self.prices or [])


def _one_per_currency(prices: list[MoneyBody]) -> None:
    currencies = [price.currency for price in prices]
    if len(set(currencies)) != len(currencies):
        raise ValueError("Give one price per currency.")


class ProductBody(Body):
    """A new product."""

    model_config = example(
        title="Kitenge shirt",
        description="Cotton, printed in Nairobi.",
        category_id="cat_01h455vb4pex5vsknk084sn02q",
        status="active",
        options=[{"name": "Size", "values": ["M", "L"]}],
        variants=[
            {
                "sku": "KIT-SHIRT-M",
                "title": "M",
                "options": {"Size": "M"},
                "price": {"amount_minor": 129900, "currency": "KES"},
            }
        ],
    )

    title: Annotated[str, Line(200, 1)]
    description: Annotated[str, Prose(20_000)]
    category_id: Annotated[str, IdOf("cat", "the category")]
    status: Literal["draft", "active"] | None = Field(
        default=None, description="draft unless said otherwise"
    )
    slug: Slug | None = None
    external_id: Annotated[str, Line(128)] | None = None
    attributes: Attributes | None = None
    options: Annotated[list[OptionBody], Field(max_length=10)] | None = None
    variants: Annotated[list[VariantBody], Field(min_length=1, max_length=100)]


class ProductPatch(Body):
    """Changes of a product; what is absent stays."""

    title: Annotated[str, Line(200, 1)] = absent()
    description: Annotated[str, Prose(20_000)] = absent()
    category_id: Annotated[str, IdOf("cat", "the category")] = absent()
    status: Literal["draft", "active", "archived"] = absent()
    slug: Slug = absent()
    external_id: Annotated[str, Line(128)] = absent()
    attributes: Attributes = absent()
    options: Annotated[list[OptionBody], Field(max_length=10)] = absent()


class StockBody(Body):
    """What is physically there now."""

    model_config = example(on_hand=25)

    location_id: Annotated[str, IdOf("loc", "the location")] | None = None
    on_hand: Annotated[int, Field(ge=0, le=MAX_STOCK, description="Units physically there")]


class CategoryBody(Body):
    """A new category."""

    name: Annotated[str, Line(120, 1)]
    slug: Slug | None = None
    parent_id: Annotated[str, IdOf("cat", "the parent")] | None = None


class CategoryPatch(Body):
    """Changes of a category; what is absent stays, a null parent makes it a top category."""

    name: Annotated[str, Line(120, 1)] = absent()
    slug: Slug = absent()
    parent_id: Annotated[str, IdOf("cat", "the parent")] | None = None
