"""What happened to a product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProductPublished:
    """The product became active."""


@dataclass(frozen=True, slots=True)
class ProductUpdated:
    """The product or one of its variants changed."""


@dataclass(frozen=True, slots=True)
class ProductArchived:
    """The product is no longer for sale."""


ProductEvent = ProductPublished | ProductUpdated | ProductArchived
