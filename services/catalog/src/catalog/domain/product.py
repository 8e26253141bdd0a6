"""A product: what it may look like and how it may change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from catalog.domain import variant as variants
from catalog.domain.attributes import attribute_violations
from catalog.domain.errors import (
    LastVariant,
    NotFound,
    StaleVersion,
    TooManyVariants,
    ValidationFailed,
    Violation,
)
from catalog.domain.events import ProductArchived, ProductEvent, ProductPublished, ProductUpdated
from catalog.domain.money import Price
from catalog.domain.options import (
    Option,
    choice_violations,
    derive_options,
    option_violations,
)
from catalog.domain.text import is_slug, line_problem, prose_problem
from catalog.domain.variant import NewVariant, Variant

STATUSES = ("draft", "active", "archived")
TITLE_LENGTH = 200
DESCRIPTION_LENGTH = 20_000
EXTERNAL_ID_LENGTH = 128
MAX_VARIANTS = 100


@dataclass(frozen=True, slots=True)
class ProductChanges:
    """New values; None leaves a field as it is."""

    title: str | None = None
    description: str | None = None
    category_id: UUID | None = None
    status: str | None = None
    slug: str | None = None
    external_id: str | None = None
    attributes: Mapping[str, Any] | None = None
    options: Sequence[Option] | None = None

    def violations(self, statuses: Collection[str] = STATUSES) -> list[Violation]:
        """Return what is wrong with the new values, each by itself."""
        found: list[Violation] = []
        for pointer, text, longest, shortest in (
            ("/title", self.title, TITLE_LENGTH, 1),
            ("/external_id", self.external_id, EXTERNAL_ID_LENGTH, 0),
        ):
            if text is not None and (problem := line_problem(text, longest, shortest=shortest)):
                found.append((pointer, problem))
        if self.description is not None and (
            problem := prose_problem(self.description, DESCRIPTION_LENGTH)
        ):
            found.append(("/description", problem))
        if self.status is not None and self.status not in statuses:
            found.append(("/status", f"must be one of {', '.join(statuses)}"))
        if self.slug is not None and not is_slug(self.slug):
            found.append(("/slug", "must be a-z, 0-9 and single hyphens, at most 120"))
        found += attribute_violations(self.attributes or {})
        return found + option_violations(self.options or ())


@dataclass(frozen=True, slots=True)
class VariantChanges:
    """New values of a variant; None leaves a field as it is."""

    sku: str | None = None
    title: str | None = None
    prices: Sequence[Price] = ()
    """Each replaces the price of its currency."""
    compare_at: Price | None = None
    clear_compare_at: bool = False
    weight_g: int | None = None
    options: Mapping[str, str] | None = None

    def violations(self, currencies: Collection[str]) -> list[Violation]:
        """Return what is wrong with the new values, each by itself."""
        found: list[Violation] = []
        for pointer, text, longest, shortest in (
            ("/sku", self.sku, variants.SKU_LENGTH, 1),
            ("/title", self.title, variants.TITLE_LENGTH, 0),
        ):
            if text is not None and (problem := line_problem(text, longest, shortest=shortest)):
                found.append((pointer, problem))
        found += variants.price_violations("", self.prices, currencies)
        found += variants.compare_at_violations("", self.compare_at, currencies)
        return found + variants.weight_violations("", self.weight_g)


@dataclass(slots=True)
class Product:
    """A product with its variants; every change grows ``version`` by one."""

    id: UUID
    seller_id: UUID
    category_id: UUID
    slug: str
    external_id: str
    title: str
    description: str
    status: str
    options: list[Option]
    variants: list[Variant]
    attributes: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    version: int = 1
    published_at: datetime | None = None
    rating_average_hundredths: int = 0
    rating_count: int = 0
    events: list[ProductEvent] = field(default_factory=list)

    @property
    def live_variants(self) -> list[Variant]:
        """Variants that are offered, in the order to show."""
        return [variant for variant in self.variants if variant.live]

    def change(self, changes: ProductChanges, now: datetime) -> None:
        """Apply changes; raises ValidationFailed if they do not fit the product."""
        found = changes.violations()
        if changes.options is not None:
            chosen = [("/options", variant.options) for variant in self.live_variants]
            found += choice_violations(changes.options, chosen)
        if found:
            raise ValidationFailed(found)
        for name in ("title", "description", "category_id", "slug", "external_id"):
            value = getattr(changes, name)
            if value is not None:
                setattr(self, name, value)
        if changes.attributes is not None:
            self.attributes = dict(changes.attributes)
        if changes.options is not None:
            self.options = list(changes.options)
        before = self.status
        self.status = changes.status or self.status
        if self.status == "active" and self.published_at is None:
            self.published_at = now
        self._changed(now, _event(before, self.status))

    def add_variant(
        self, variant_id: UUID, new: NewVariant, currencies: Collection[str], now: datetime
    ) -> Variant:
        """Add a variant; raises TooManyVariants, and ValidationFailed if it does not fit."""
        if len(self.live_variants) >= MAX_VARIANTS:
            raise TooManyVariants
        found = new.violations("", currencies)
        chosen = [("/others", each.options) for each in self.live_variants]
        found += choice_violations(self.options, [*chosen, ("", new.options)])
        if found:
            raise ValidationFailed(found)
        position = max(each.position for each in self.variants) + 1
        added = make_variant(variant_id, position, new)
        self.variants.append(added)
        self._changed(now, ProductUpdated())
        return added

    def change_variant(
        self, variant_id: UUID, changes: VariantChanges, currencies: Collection[str], now: datetime
    ) -> None:
        """Change a variant; raises NotFound, and ValidationFailed if it does not fit."""
        variant = self.variant(variant_id)
        found = changes.violations(currencies)
        if changes.options is not None:
            others = [("/others", v.options) for v in self.live_variants if v.id != variant_id]
            found += choice_violations(self.options, [*others, ("", changes.options)])
        if found:
            raise ValidationFailed(found)
        variant.sku = changes.sku if changes.sku is not None else variant.sku
        variant.title = changes.title if changes.title is not None else variant.title
        variant.prices |= {price.currency: price.amount_minor for price in changes.prices}
        if changes.compare_at is not None or changes.clear_compare_at:
            variant.compare_at = changes.compare_at
        if changes.weight_g is not None:
            variant.weight_g = changes.weight_g
        if changes.options is not None:
            variant.options = dict(changes.options)
        self._changed(now, ProductUpdated())

    def remove_variant(self, variant_id: UUID, now: datetime) -> None:
        """Take a variant off sale; raises NotFound and LastVariant."""
        variant = self.variant(variant_id)
        if len(self.live_variants) == 1:
            raise LastVariant
        variant.removed_at = now
        self._changed(now, ProductUpdated())

    def variant(self, variant_id: UUID) -> Variant:
        """Return a variant that is offered; raises NotFound."""
        for variant in self.live_variants:
            if variant.id == variant_id:
                return variant
        raise NotFound

    def picture_added(self, now: datetime) -> None:
        """Note that the product has one picture more."""
        self._changed(now, ProductUpdated())

    def expect_version(self, version: int | None) -> None:
        """Raise StaleVersion unless ``version`` is the present one or None."""
        if version is not None and version != self.version:
            raise StaleVersion(self.version)

    def _changed(self, now: datetime, event: ProductEvent) -> None:
        self.version += 1
        self.updated_at = now
        self.events.append(event)


def new_product(
    product_id: UUID,
    seller_id: UUID,
    fields: ProductChanges,
    new: Sequence[tuple[UUID, NewVariant]],
    currencies: Collection[str],
    now: datetime,
) -> Product:
    """Return a new product; raises ValidationFailed.

    ``fields`` must have a title, a category and a slug. Without options they are those that the
    variants name.
    """
    options = fields.options or derive_options([variant.options for _, variant in new])
    found = fields.violations(("draft", "active")) + option_violations(options)
    if not 1 <= len(new) <= MAX_VARIANTS:
        found.append(("/variants", f"must have 1 to {MAX_VARIANTS} items"))
    if len({variant.sku for _, variant in new}) < len(new):
        found.append(("/variants", "must have different SKUs"))
    for index, (_, variant) in enumerate(new[:MAX_VARIANTS]):
        found += variant.violations(f"/variants/{index}", currencies)
    chosen = [(f"/variants/{index}", variant.options) for index, (_, variant) in enumerate(new)]
    found += choice_violations(options, chosen[:MAX_VARIANTS])
    for name in ("title", "category_id", "slug"):
        if getattr(fields, name) is None:
            found.append((f"/{name}", "is required"))
    if found or fields.title is None or fields.category_id is None or fields.slug is None:
        raise ValidationFailed(list(dict.fromkeys(found)))
    active = fields.status == "active"
    return Product(
        id=product_id,
        seller_id=seller_id,
        category_id=fields.category_id,
        slug=fields.slug,
        external_id=fields.external_id or "",
        title=fields.title,
        description=fields.description or "",
        status=fields.status or "draft",
        options=list(options),
        variants=[make_variant(id_, index, each) for index, (id_, each) in enumerate(new)],
        attributes=dict(fields.attributes or {}),
        created_at=now,
        updated_at=now,
        published_at=now if active else None,
        events=[ProductPublished()] if active else [],
    )


def make_variant(variant_id: UUID, position: int, new: NewVariant) -> Variant:
    """Return the variant that a seller described."""
    return Variant(
        id=variant_id,
        position=position,
        sku=new.sku,
        title=new.title,
        options=dict(new.options),
        prices={price.currency: price.amount_minor for price in new.prices},
        compare_at=new.compare_at,
        weight_g=new.weight_g,
    )


def _event(before: str, after: str) -> ProductEvent:
    if before != after and after == "active":
        return ProductPublished()
    if before != after and after == "archived":
        return ProductArchived()
    return ProductUpdated()
