"""Change a product."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.app.ports import UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.domain.product import ProductChanges
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class UpdateProduct:
    """What is to be new; ``expected_version`` None changes any version."""

    actor: Actor
    product_id: UUID
    expected_version: int | None
    changes: ProductChanges


class UpdateProductHandler:
    """Does UpdateProduct."""

    def __init__(self, uow: UnitOfWork, desk: ProductDesk, clock: Clock) -> None:
        self._uow = uow
        self._desk = desk
        self._clock = clock

    async def __call__(self, command: UpdateProduct) -> None:
        """Change it.

        Raises NotFound, RoleRequired, StaleVersion, ValidationFailed, SlugTaken, ExternalIdTaken.
        """
        seller_id = await self._desk.may_edit(command.actor, command.product_id)
        async with self._uow() as work:
            product = await work.products.lock(
                command.product_id, seller_id, command.changes.category_id
            )
            product.expect_version(command.expected_version)
            product.change(command.changes, self._clock.now())
            await work.products.save(product)
