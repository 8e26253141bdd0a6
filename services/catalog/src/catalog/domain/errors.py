"""What can be wrong with a request, as facts; ``kind`` and ``code`` are what callers are told."""

# ruff: noqa: N818 - errors are named for the fact that they state.

from __future__ import annotations

from collections.abc import Mapping, Sequence

Violation = tuple[str, str]
"""JSON pointer (RFC 6901) to the offending member, and what is wrong with it."""


class CatalogError(Exception):
    """A business error; subclasses fix the kind, the stable code and what it says."""

    kind = "conflict"
    code = "conflict"
    text = ""
    violations: tuple[Violation, ...] = ()
    extra: Mapping[str, object] = {}

    def __init__(self) -> None:
        super().__init__(self.text)


class ValidationFailed(CatalogError):
    """Fields have values that are not allowed."""

    kind = "invalid"
    code = "validation_failed"
    text = "The request is not valid."

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__()
        self.violations = tuple(violations)


class NotFound(CatalogError):
    """It does not exist, or it is not the caller's to see."""

    kind = "not_found"
    code = "not_found"
    text = "There is no such thing, or it is not yours to see."


class RoleRequired(CatalogError):
    """The caller is known but may not do this."""

    kind = "forbidden"
    code = "forbidden"
    text = "Your role does not allow this."


class StaleVersion(CatalogError):
    """It was changed since the caller read it."""

    kind = "stale"
    code = "stale_version"
    text = "It has changed since you read it."

    def __init__(self, version: int) -> None:
        super().__init__()
        self.extra = {"version": version}


class SkuTaken(CatalogError):
    """Another variant of the seller has the stock keeping unit."""

    code = "sku_taken"
    text = "Another variant of this seller has this SKU."


class SlugTaken(CatalogError):
    """Another one has the slug."""

    code = "slug_taken"
    text = "This slug is taken."


class ExternalIdTaken(CatalogError):
    """Another product of the seller has the external id."""

    code = "external_id_taken"
    text = "Another product of this seller has this external id."


class CategoryCycle(CatalogError):
    """A category would be its own ancestor."""

    code = "category_cycle"
    text = "A category cannot be moved below itself."


class TooManyVariants(CatalogError):
    """The product has as many variants as it may have."""

    code = "too_many_variants"
    text = "The product has as many variants as it may have."


class TooManyMedia(CatalogError):
    """The product has as many pictures as it may have."""

    code = "too_many_media"
    text = "The product has as many pictures as it may have."


class TooManyLocations(CatalogError):
    """The seller has as many locations as it may have."""

    code = "too_many_locations"
    text = "The seller has as many locations as it may have."


class LastVariant(CatalogError):
    """A product would be left without a variant."""

    code = "last_variant"
    text = "A product needs a variant; archive the product instead."


class StockReserved(CatalogError):
    """Units are held for checkouts or allocated to orders."""

    code = "stock_reserved"
    text = "Units of it are reserved."

    def __init__(self, reserved: int) -> None:
        super().__init__()
        self.extra = {"reserved": reserved}


class NotAllocated(CatalogError):
    """The order has fewer units allocated than the parcel holds: nothing left the shelf."""

    code = "not_allocated"
    text = "The order has not so many units allocated."


class ReservationRefused(CatalogError):
    """An order's lines cannot be held: nothing of it is held now.

    ``code`` is out_of_stock, price_changed, not_for_sale or order_closed.
    """

    _TEXTS: Mapping[str, str] = {
        "out_of_stock": "Some of it is sold out.",
        "price_changed": "A price has changed.",
        "not_for_sale": "Some of it is not for sale any more.",
        "order_closed": "The order's stock was released for good.",
    }

    def __init__(self, code: str, lines: Sequence[Mapping[str, object]] = ()) -> None:
        self.text = self._TEXTS[code]
        super().__init__()
        self.code = code
        self.extra = {"lines": list(lines)} if lines else {}


class UnsupportedMedia(CatalogError):
    """The file is no picture that can be read."""

    kind = "invalid"
    code = "unsupported_media"
    text = "The file is not a JPEG, PNG or WebP picture that can be read."


class MediaTooLarge(CatalogError):
    """The file has too many bytes or pixels."""

    kind = "invalid"
    code = "media_too_large"
    text = "The picture is too large."
