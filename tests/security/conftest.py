"""One stack that logs everything, for all tests of who may do what and what is told to whom."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from tests.e2e.collector import Collector
from tests.e2e.marketplace import Marketplace
from tests.e2e.stack import Stack
from tests.security.callers import People, gather_people
from tests.security.things import Things


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    collector = Collector()
    collector.start()
    yield collector
    collector.stop()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("soko-security"))
    stack.environ |= {
        "SOKO_LOG_LEVEL": "debug",
        "SOKO_ACCESS_LOG": "all",
        "SOKO_RATE_LIMITS": "off",
        "SOKO_OTLP_ENDPOINT": collector.url,
        "SOKO_TRACE_SAMPLE_RATIO": "1",
    }
    with stack.running():
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def market(stack: Stack) -> AsyncIterator[Marketplace]:
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(base_url=stack.url, timeout=60, limits=limits) as client:
        yield Marketplace(client, stack.grant)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def people(stack: Stack, market: Marketplace) -> People:
    await asyncio.to_thread(stack.run, "audit", "--json")
    return await gather_people(market)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def things(stack: Stack, market: Marketplace, people: People) -> Things:
    """What nobody uses up."""
    return Things(stack, market, people, fresh=False)
