"""Products, categories and stock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from gateway.documents.values import Document, Money


class Location(Document):
    """A place that holds stock."""

    id: str
    name: str
    country: str
    is_default: bool


class Locations(Document):
    """The places that hold a seller's stock."""

    items: list[Location]


class SellerSummary(Document):
    """Who sells a product."""

    id: str
    name: str
    slug: str


class CategorySummary(Document):
    """A product's category."""

    id: str
    name: str
    slug: str


class Category(CategorySummary):
    """A category with its subcategories."""

    children: list[Category]


class Categories(Document):
    """The category tree."""

    items: list[Category]


class Option(Document):
    """An option that variants differ by."""

    name: str
    values: list[str]


class Renditions(Document):
    """Addresses of a picture in three sizes."""

    thumb: str
    card: str
    full: str


class Media(Document):
    """A picture."""

    id: str
    alt: str
    renditions: Renditions


class Rating(Document):
    """The average of a product's reviews."""

    average: float = Field(description="0 without reviews")
    count: int


class Variant(Document):
    """What is bought, priced and stocked."""

    id: str
    sku: str
    title: str
    options: dict[str, str]
    price: Money | None = Field(description="In the currency asked for; null without one")
    prices: list[Money] = Field(description="One per currency")
    compare_at_price: Money | None = None
    weight_g: int | None = None
    available: int = Field(description="Units that can be bought now")


class Product(Document):
    """A product."""

    id: str
    slug: str
    title: str
    description: str
    status: str = Field(description="draft, active, archived")
    seller: SellerSummary
    category: CategorySummary
    options: list[Option]
    variants: list[Variant]
    media: list[Media]
    attributes: dict[str, Any]
    rating: Rating
    external_id: str | None = None
    created_at: datetime
    updated_at: datetime
    version: int


class ProductSummary(Document):
    """A product as a list shows it."""

    id: str
    slug: str
    title: str
    seller: SellerSummary
    price_from: Money | None
    media: Media | None
    rating: Rating
    available: bool


class FacetValue(Document):
    """A value of a facet."""

    value: str = Field(description="What to filter by")
    label: str
    count: int


class Facets(Document):
    """How many products each filter would leave."""

    category: list[FacetValue] | None = None
    seller: list[FacetValue] | None = None


class Products(Document):
    """A page of products."""

    items: list[ProductSummary]
    next_cursor: str | None
    facets: Facets | None = None


class Stock(Document):
    """The stock of a variant at a location."""

    variant_id: str
    location_id: str
    on_hand: int
    reserved: int
    available: int
    version: int
