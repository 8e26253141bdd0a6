"""The parameters of the product list."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.bodies.fields import MAX_AMOUNT, IsCurrencyOrEmpty, OneLine
from gateway.query import Parameters

_Name = Annotated[str, StringConstraints(max_length=160), OneLine]
_Bound = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]


class ProductQuery(Parameters):
    """Filters, order and page of a product list."""

    q: Annotated[
        str,
        StringConstraints(max_length=200, strip_whitespace=True),
        OneLine,
        Field(description="Words to search for"),
    ] = ""
    category: Annotated[_Name, Field(description="Id or slug, with its subcategories")] = ""
    seller: Annotated[_Name, Field(description="Id or slug")] = ""
    min_price_minor: Annotated[
        _Bound | None, Field(description="Lowest price, in minor units of the currency")
    ] = None
    max_price_minor: Annotated[
        _Bound | None, Field(description="Highest price, in minor units of the currency")
    ] = None
    currency: Annotated[
        str,
        IsCurrencyOrEmpty,
        Field(description="ISO 4217 code of prices; the deployment's default without"),
    ] = ""
    in_stock: Annotated[bool, Field(description="Only what can be bought now")] = False
    rating_min: Annotated[
        Annotated[float, Field(ge=0, le=5)] | None, Field(description="Lowest average of reviews")
    ] = None
    sort: Annotated[
        Literal["", "relevance", "newest", "price", "-price", "rating"],
        Field(description="relevance with words, newest without, unless said otherwise"),
    ] = ""
    facets: Annotated[bool, Field(description="Whether to count what each filter would leave")] = (
        False
    )
    limit: Annotated[int, Field(ge=1, le=100, description="How many items at most")] = 20
    cursor: Annotated[
        str,
        StringConstraints(max_length=2048, pattern=r"^[\x21-\x7e]*$"),
        Field(description="`next_cursor` of the previous page; empty for the first"),
    ] = ""
