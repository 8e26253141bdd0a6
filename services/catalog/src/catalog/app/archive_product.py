"""Archive a product."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.update_product import UpdateProduct, UpdateProductHandler
from catalog.domain.product import ProductChanges
from chassis.actor import Actor


@dataclass(frozen=True, slots=True)
class ArchiveProduct:
    """Which product; ``expected_version`` None archives any version."""

    actor: Actor
    product_id: UUID
    expected_version: int | None


class ArchiveProductHandler:
    """Does ArchiveProduct: the status is what ends the sale, past orders keep the product."""

    def __init__(self, update: UpdateProductHandler) -> None:
        self._update = update

    async def __call__(self, command: ArchiveProduct) -> None:
        """Archive it; raises NotFound, RoleRequired and StaleVersion."""
        await self._update(
            UpdateProduct(
                command.actor,
                command.product_id,
                command.expected_version,
                ProductChanges(status="archived"),
            )
        )
