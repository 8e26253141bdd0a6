"""Change a variant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import Currencies, UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.domain.product import VariantChanges
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class UpdateVariant:
    """What is to be new; ``expected_version`` is the product's, None changes any."""

    actor: Actor
    variant_id: UUID
    expected_version: int | None
    changes: VariantChanges


class UpdateVariantHandler:
    """Does UpdateVariant."""

    def __init__(
        self, uow: UnitOfWork, desk: ProductDesk, currencies: Currencies, clock: Clock
    ) -> None:
        self._uow = uow
        self._desk = desk
        self._currencies = currencies
        self._clock = clock

    async def __call__(self, command: UpdateVariant) -> UUID:
        """Change it and return its product's id.

        Raises NotFound, RoleRequired, StaleVersion, ValidationFailed and SkuTaken.
        """
        product_id, seller_id = await self._desk.may_edit_variant(command.actor, command.variant_id)
        async with self._uow() as work:
            product = await work.products.lock(product_id, seller_id)
            product.expect_version(command.expected_version)
            product.change_variant(
                command.variant_id, command.changes, self._currencies, self._clock.now()
            )
            await work.products.save(product)
        return product_id
