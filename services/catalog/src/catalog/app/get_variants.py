"""Tell a cart what it must know of variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import OfferedVariant, ProductReader
from catalog.domain.errors import ValidationFailed

MAX_VARIANTS = 200


@dataclass(frozen=True, slots=True)
class GetVariants:
    """Which variants."""

    variant_ids: Sequence[UUID]


async def get_variants(query: GetVariants, reader: ProductReader) -> list[OfferedVariant]:
    """Return those that exist, in the order asked; raises ValidationFailed for too many."""
    if len(query.variant_ids) > MAX_VARIANTS:
        raise ValidationFailed([("/variant_ids", f"must have at most {MAX_VARIANTS} items")])
    return await reader.offered(query.variant_ids)
