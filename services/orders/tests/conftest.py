"""Stores in memory and on PostgreSQL, and the parts of a checkout on fake peers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.database import Database
from chassis.migrations import upgrade
from orders.__main__ import MIGRATIONS
from orders.adapters.cart_store import PostgresCarts
from orders.adapters.order_store import PostgresCheckouts, PostgresOrders
from services.orders.tests.memory import Memory, MemoryCarts, MemoryCheckouts, MemoryOrders


@dataclass
class Stores:
    """The three stores on one database."""

    carts: Any
    checkouts: Any
    orders: Any
    db: Database | None = None


@pytest.fixture(scope="session")
def orders_url(make_database: Callable[[], str]) -> str:
    """A migrated database for all tests of this service."""
    url = make_database()
    upgrade(url, MIGRATIONS, "orders")
    return url


@pytest.fixture
async def orders_db(orders_url: str) -> AsyncIterator[Database]:
    db = Database(orders_url)
    await db.open()
    yield db
    await db.close()


def memory_stores(memory: Memory | None = None) -> Stores:
    memory = memory or Memory()
    return Stores(MemoryCarts(memory), MemoryCheckouts(memory), MemoryOrders(memory))


def postgres_stores(db: Database) -> Stores:
    checkouts = PostgresCheckouts(db, lambda: None)
    return Stores(PostgresCarts(db), checkouts, PostgresOrders(db), db)


@pytest.fixture(params=["memory", "postgres"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    """Every test of the stores' contract runs on both."""
    if request.param == "memory":
        yield memory_stores()
        return
    db = Database(request.getfixturevalue("orders_url"))
    await db.open()
    yield postgres_stores(db)
    await db.close()
