"""The only commit: one transaction per command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from catalog.adapters.categories import PostgresCategories
from catalog.adapters.products import PostgresProducts
from catalog.adapters.sellers import PostgresSellers
from catalog.app.ports import Categories, Products, Sellers, Work
from chassis.database import Database, Session


class PostgresWork:
    """What one transaction may touch."""

    def __init__(self, session: Session) -> None:
        self.products: Products = PostgresProducts(session)
        self.categories: Categories = PostgresCategories(session)
        self.sellers: Sellers = PostgresSellers(session)


def unit_of_work(
    db: Database, committed: Callable[[], None]
) -> Callable[[], AbstractAsyncContextManager[Work]]:
    """Return what opens transactions; ``committed`` is called after each commit."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[Work]:
        async with db.transaction() as session:
            yield PostgresWork(session)
        committed()

    return begin
