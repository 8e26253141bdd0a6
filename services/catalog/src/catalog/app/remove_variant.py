"""Take a variant off sale."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.domain.errors import StockReserved
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class RemoveVariant:
    """Which variant; ``expected_version`` is the product's, None removes it from any."""

    actor: Actor
    variant_id: UUID
    expected_version: int | None


class RemoveVariantHandler:
    """Does RemoveVariant."""

    def __init__(self, uow: UnitOfWork, desk: ProductDesk, clock: Clock) -> None:
        self._uow = uow
        self._desk = desk
        self._clock = clock

    async def __call__(self, command: RemoveVariant) -> None:
        """Remove it; raises NotFound, RoleRequired, StaleVersion, LastVariant, StockReserved."""
        product_id, seller_id = await self._desk.may_edit_variant(command.actor, command.variant_id)
        async with self._uow() as work:
            product = await work.products.lock(product_id, seller_id)
            product.expect_version(command.expected_version)
            product.remove_variant(command.variant_id, self._clock.now())
            reserved = await work.products.reserved(command.variant_id)
            if reserved:
                raise StockReserved(reserved)
            await work.products.save(product)
