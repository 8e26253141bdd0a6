"""Add a product with its variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from catalog.app.access import SellerAccess
from catalog.app.ports import Currencies, UnitOfWork
from catalog.app.seller_directory import SellerDirectory
from catalog.domain.errors import SlugTaken
from catalog.domain.product import ProductChanges, new_product
from catalog.domain.seller import MAY_EDIT
from catalog.domain.text import derive_slug
from catalog.domain.variant import NewVariant
from chassis.actor import Actor
from chassis.clock import Clock


@dataclass(frozen=True, slots=True)
class CreateProduct:
    """A new product; without a slug in ``fields`` it is derived from the title."""

    actor: Actor
    seller: str
    product_id: UUID
    fields: ProductChanges
    variants: Sequence[tuple[UUID, NewVariant]]


class CreateProductHandler:
    """Does CreateProduct."""

    def __init__(
        self,
        uow: UnitOfWork,
        sellers: SellerDirectory,
        access: SellerAccess,
        currencies: Currencies,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._sellers = sellers
        self._access = access
        self._currencies = currencies
        self._clock = clock

    async def __call__(self, command: CreateProduct) -> None:
        """Add the product unless it exists already.

        Raises ValidationFailed, RoleRequired, SkuTaken, SlugTaken and ExternalIdTaken.
        """
        command.actor.require_account()
        seller = await self._sellers.find(command.seller)
        await self._access.require(command.actor, seller.id, MAY_EDIT, hidden=False)
        if command.fields.slug is not None:
            await self._add(command, seller.id, command.fields.slug, taken=False)
            return
        slug = derive_slug(command.fields.title or "", "product")
        try:
            await self._add(command, seller.id, slug, taken=slug == "product")
        except SlugTaken:
            await self._add(command, seller.id, slug, taken=True)

    async def _add(self, command: CreateProduct, seller_id: UUID, slug: str, taken: bool) -> None:
        """Add it with the slug; if that is taken, with the end of the id behind it."""
        derived = command.fields.slug is None
        async with self._uow() as work:
            if taken or (derived and await work.products.slug_exists(slug)):
                slug = f"{slug}-{command.product_id.hex[-8:]}"
            product = new_product(
                command.product_id,
                seller_id,
                replace(command.fields, slug=slug),
                command.variants,
                self._currencies,
                self._clock.now(),
            )
            await work.products.add(product)
