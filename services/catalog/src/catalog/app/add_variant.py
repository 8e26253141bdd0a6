"""Add a variant to a product."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Currencies, UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.domain.variant import NewVariant
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class AddVariant:
    """A variant for a product."""

    actor: Actor
    product_id: UUID
    variant_id: UUID
    variant: NewVariant


class AddVariantHandler:
    """Does AddVariant."""

    def __init__(
        self, uow: UnitOfWork, desk: ProductDesk, currencies: Currencies, clock: Clock
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._currencies = currencies
        self._clock = clock

    async def __call__(self, command: AddVariant) -> None:
        """Add it unless it exists; raises NotFound, RoleRequired, ValidationFailed, SkuTaken."""
        seller_id = await self._desk.may_edit(command.actor, command.product_id)
        async with self._uow() as work:
            product = await work.products.lock(command.product_id, seller_id)
            if any(known.id == command.variant_id for known in product.variants):
                return
            product.add_variant(
                command.variant_id, command.variant, self._currencies, self._clock.now()
            )
            await work.products.save(product)
