"""Read a seller by its id or by its slug."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from identity.app.ports import Sellers
from identity.domain.errors import SellerNotFound
from identity.domain.seller import Seller, is_slug

SellerName = UUID | str
"""The id or the slug of a seller."""


async def require_seller(sellers: Sellers, name: SellerName) -> Seller:
    """Return the seller with this id or slug; raises SellerNotFound."""
    if isinstance(name, UUID):
        seller = await sellers.find(name)
    else:
        seller = await sellers.find_by_slug(name) if is_slug(name) else None
    if seller is None:
        raise SellerNotFound
    return seller


@dataclass(frozen=True, slots=True)
class GetSellerHandler:
    """Answers anybody: sellers are public."""

    sellers: Sellers

    async def handle(self, name: SellerName) -> Seller:
        """Return the seller; raises SellerNotFound."""
        return await require_seller(self.sellers, name)
