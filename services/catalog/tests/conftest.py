"""The catalog's parts over a real database that all tests share; each uses things of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import catalog
from catalog.adapters.categories import PostgresCategoryReader
from catalog.adapters.inventory import PostgresInventory
from catalog.adapters.product_reader import PostgresProductReader
from catalog.adapters.sellers import PostgresSellerReader
from catalog.adapters.unit_of_work import unit_of_work
from catalog.app.access import SellerAccess
from catalog.app.create_category import CreateCategory, CreateCategoryHandler
from catalog.app.create_product import CreateProduct, CreateProductHandler
from catalog.app.get_product import GetProduct, GetProductHandler
from catalog.app.list_products import ListProducts, ListProductsHandler, ProductList
from catalog.app.product_desk import ProductDesk
from catalog.app.seller_directory import SellerDirectory
from catalog.app.update_product import UpdateProductHandler
from catalog.domain.product import ProductChanges
from catalog.domain.seller import Seller
from catalog.domain.variant import NewVariant
from catalog.entrypoints import showing
from chassis.clock import FixedClock
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.ids import format_id, new_id
from chassis.migrations import upgrade
from services.catalog.tests.builders import (
    CURRENCIES,
    NOW,
    account,
    make_seller,
    make_variant,
    member,
    unique,
)
from services.catalog.tests.fakes import FakeIdentity
from soko.catalog.v1 import catalog_pb2

MIGRATIONS = Path(next(iter(catalog.__path__))) / "migrations"


@pytest.fixture(scope="session")
def catalog_url(make_database: Callable[[], str]) -> str:
    url = make_database()
    upgrade(url, MIGRATIONS, "catalog")
    return url


@pytest.fixture
async def db(catalog_url: str) -> AsyncIterator[Database]:
    database = Database(catalog_url, max_size=20, plan_once=True)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@dataclass
class Shop:
    """The use cases over PostgreSQL, and short ways to what tests need."""

    db: Database
    clock: FixedClock
    identity: FakeIdentity = field(default_factory=FakeIdentity)

    def __post_init__(self) -> None:
        self.uow = unit_of_work(self.db, lambda: None)
        self.reader = PostgresProductReader(self.db)
        self.categories = PostgresCategoryReader(self.db)
        self.inventory = PostgresInventory(self.db)
        self.access = SellerAccess(self.identity)
        self.sellers = SellerDirectory(
            PostgresSellerReader(self.db), self.identity, self.uow, self.clock
        )
        self.desk = ProductDesk(self.uow, self.access)
        self.create = CreateProductHandler(
            self.uow, self.sellers, self.access, CURRENCIES, self.clock
        )
        self.update = UpdateProductHandler(self.uow, self.desk, self.clock)
        self.get = GetProductHandler(self.reader, self.access, CURRENCIES, "KES")
        self.list = ListProductsHandler(self.reader, CursorCodec("s" * 32), CURRENCIES, "KES")

    async def seller(self, **values: Any) -> Seller:
        seller = make_seller(**values)
        self.identity.add(seller)
        return await self.sellers.find(seller.slug)

    async def category(self, name: str = "", parent_id: UUID | None = None) -> UUID:
        name = name or unique("category")
        handler = CreateCategoryHandler(self.uow, self.clock)
        command = CreateCategory(account("admin"), new_id(), name, "", parent_id)
        return (await handler(command)).id

    async def product(
        self,
        seller: Seller,
        *variants: NewVariant,
        category_id: UUID | None = None,
        **fields: Any,
    ) -> catalog_pb2.Product:
        product_id = new_id()
        self.clock.advance(timedelta(seconds=1))
        values = {
            "title": "Kikoi",
            "status": "active",
            "category_id": category_id or await self.category(),
            **fields,
        }
        await self.create(
            CreateProduct(
                member(seller.id),
                format_id("sel", seller.id),
                product_id,
                ProductChanges(**values),
                [(new_id(), variant) for variant in variants or (make_variant(),)],
            )
        )
        return await self.read(product_id, seller)

    async def read(
        self, product_id: UUID, seller: Seller, currency: str = ""
    ) -> catalog_pb2.Product:
        shown = await self.get(
            GetProduct(format_id("prd", product_id), currency, member(seller.id))
        )
        return showing.product(shown.view, shown.currency)

    async def page(self, **query: Any) -> tuple[list[catalog_pb2.ProductSummary], ProductList]:
        found = await self.list(ListProducts(**query))
        return list(showing.product_list(found).items), found

    async def titles(self, **query: Any) -> list[str]:
        items, _ = await self.page(**query)
        return [item.title for item in items]


@pytest.fixture
def shop(db: Database, clock: FixedClock) -> Shop:
    return Shop(db, clock)
