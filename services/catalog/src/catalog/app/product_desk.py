"""The way to a product that may be edited: whose it is, and whether the caller may."""

from __future__ import annotations

from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import UnitOfWork
from catalog.domain.seller import MAY_EDIT
from chassis.actor import Actor


class ProductDesk:
    """Checks before a transaction: identity may be asked, and no transaction waits for that."""

    def __init__(self, uow: UnitOfWork, access: SellerAccess) -> None:
        self._uow = uow
        self._access = access

    async def may_edit(self, actor: Actor, product_id: UUID) -> UUID:
        """Return the seller whose product it is, for the statements that change it.

        Raises NotFound or RoleRequired unless the caller may edit the product.
        """
        async with self._uow() as work:
            seller_id = await work.products.seller_of(product_id)
        await self._access.require(actor, seller_id, MAY_EDIT)
        return seller_id

    async def may_edit_variant(self, actor: Actor, variant_id: UUID) -> tuple[UUID, UUID]:
        """Return the variant's product and seller; raise as ``may_edit`` does."""
        async with self._uow() as work:
            product_id = await work.products.product_of(variant_id)
        return product_id, await self.may_edit(actor, product_id)
