"""Sellers by id or slug, asked of identity when they are not known yet."""

from __future__ import annotations

from uuid import UUID

from catalog.app.ports import Identity, SellerReader, UnitOfWork
from catalog.domain.errors import NotFound
from catalog.domain.seller import Seller
from catalog.domain.text import is_slug
from chassis.clock import Clock
from chassis.errors import ServiceError
from chassis.ids import new_id, parse_id


class SellerDirectory:
    """Knows each seller that identity knows, even before its event arrived."""

    def __init__(
        self, reader: SellerReader, identity: Identity, uow: UnitOfWork, clock: Clock
    ) -> None:
        self._reader = reader
        self._identity = identity
        self._uow = uow
        self._clock = clock

    async def find(self, id_or_slug: str) -> Seller:
        """Return a seller; raises NotFound, and ServiceError if identity is needed and away."""
        seller_id = id_of(id_or_slug)
        if seller_id is None and not is_slug(id_or_slug):
            raise NotFound
        known = await self._reader.find(seller_id, id_or_slug)
        if known is not None:
            return known
        asked = await self._identity.seller(id_or_slug)
        if asked is None:
            raise NotFound
        async with self._uow() as work:
            await work.sellers.record(asked, 0, new_id(), self._clock.now())
        return asked


def id_of(id_or_slug: str) -> UUID | None:
    """Return the UUID of a seller's TypeID, None for a slug."""
    try:
        return parse_id("sel", id_or_slug)
    except ServiceError:
        return None
