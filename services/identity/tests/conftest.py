"""Identity's parts, put together on memory or on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import identity
from chassis.clock import FixedClock
from chassis.database import Database
from chassis.migrations import upgrade
from identity.adapters.account_store import AccountStore
from identity.adapters.api_key_store import ApiKeyStore
from identity.adapters.mailed_link_store import MailedLinkStore
from identity.adapters.second_factor_store import SecondFactorStore
from identity.adapters.seller_store import SellerStore
from identity.adapters.session_store import SessionStore
from identity.app.link_ports import MailedLinks
from identity.app.ports import Accounts, ApiKeys, SecondFactors, Sellers, Sessions
from services.identity.tests.api_key_fakes import MemoryApiKeys
from services.identity.tests.builders import NOW
from services.identity.tests.fakes import Memory, MemoryAccounts, MemorySessions
from services.identity.tests.link_fakes import MemoryMailedLinks
from services.identity.tests.second_factor_fakes import MemorySecondFactors
from services.identity.tests.seller_fakes import MemorySellers

MIGRATIONS = Path(identity.__file__ or "").parent / "migrations"


@dataclass
class Stores:
    """The stores over one memory or one database."""

    accounts: Accounts
    sessions: Sessions
    sellers: Sellers
    keys: ApiKeys
    links: MailedLinks
    factors: SecondFactors


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def memory_stores(memory: Memory) -> Stores:
    return Stores(
        MemoryAccounts(memory),
        MemorySessions(memory),
        MemorySellers(memory),
        MemoryApiKeys(memory),
        MemoryMailedLinks(memory),
        MemorySecondFactors(memory),
    )


@pytest.fixture(scope="session")
def identity_url(make_database: Callable[[], str]) -> str:
    """The url of a migrated database that all tests share; each uses accounts of its own."""
    url = make_database()
    upgrade(url, MIGRATIONS, "identity")
    return url


@pytest.fixture
async def db(identity_url: str) -> AsyncIterator[Database]:
    database = Database(identity_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def postgres_stores(db: Database, clock: FixedClock) -> Stores:
    def told() -> None:
        pass

    return Stores(
        AccountStore(db, told),
        SessionStore(db, told),
        SellerStore(db, clock, told),
        ApiKeyStore(db, told),
        MailedLinkStore(db, told),
        SecondFactorStore(db, told),
    )


@pytest.fixture(params=["memory", "postgres"])
def stores(request: pytest.FixtureRequest) -> Stores:
    """The same tests run over both."""
    found: Stores = request.getfixturevalue(f"{request.param}_stores")
    return found
