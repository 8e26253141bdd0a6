"""One embedded stack for all end-to-end tests; every test has its own sellers and buyers."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.e2e.collector import Collector
from tests.e2e.marketplace import Account, Marketplace, Product
from tests.e2e.stack import Stack


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    """It records the traces that a test asks for, and no other."""
    stack = Stack(tmp_path_factory.mktemp("soko-e2e"))
    stack.environ |= {"SOKO_OTLP_ENDPOINT": collector.url, "SOKO_TRACE_SAMPLE_RATIO": "0"}
    with stack.running():
        yield stack


@pytest.fixture
async def market(stack: Stack) -> AsyncIterator[Marketplace]:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=stack.url, timeout=60, limits=limits) as client:
        yield Marketplace(client, stack.grant)


@pytest.fixture(scope="session")
def staff() -> dict[str, Account]:
    return {}


@pytest.fixture
async def admin(market: Marketplace, staff: dict[str, Account]) -> Account:
    if "admin" not in staff:
        staff["admin"] = await market.staff("admin")
    return await market.login(staff["admin"])


@pytest.fixture(scope="session")
def categories() -> list[str]:
    return []


@pytest.fixture
async def category(market: Marketplace, admin: Account, categories: list[str]) -> str:
    if not categories:
        categories.append(await market.category(admin))
    return categories[0]


@pytest.fixture
async def seller(market: Marketplace) -> tuple[Account, str]:
    return await market.open_seller()


@pytest.fixture
async def product(market: Marketplace, seller: tuple[Account, str], category: str) -> Product:
    owner, seller_id = seller
    return await market.product(owner, seller_id, category, on_hand=100)


@pytest.fixture
async def buyer(market: Marketplace) -> Account:
    return await market.register()
