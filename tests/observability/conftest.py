"""An embedded stack that tells figures, after things went well and badly in it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from devstack.stack import METERED
from devstack.testing import eventually
from tests.e2e.marketplace import Marketplace
from tests.e2e.stack import Stack
from tests.observability.scraping import Figures, scrape

_SHORT_QUOTA = "webhooks=1:0"
"""One request a minute, so that the next is refused."""


def consecutive_ports(number: int) -> int:
    """Return the first of some free ports."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first: int = probe.getsockname()[1]
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except (OSError, OverflowError):
            continue
        return first


@pytest.fixture(scope="session")
def metrics_port() -> int:
    return consecutive_ports(len(METERED))


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory, metrics_port: int) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("soko-figures"), "--metrics-port", str(metrics_port))
    stack.environ |= {"SOKO_RATE_LIMITS": _SHORT_QUOTA, "SOKO_AUDIT_INTERVAL_S": "5"}
    with stack.running():
        yield stack


@pytest.fixture
async def client(watched: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=watched.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def lived() -> list[bool]:
    return []


@pytest.fixture
async def figures(
    watched: Stack, client: httpx.AsyncClient, metrics_port: int, lived: list[bool]
) -> Figures:
    """What all processes tell after a purchase, a failed login, a refusal and an audit."""
    if not lived:
        await _live(Marketplace(client, watched.grant))
        lived.append(True)
    found: list[Figures] = []

    async def settled() -> bool:
        found[:] = [await scrape(metrics_port)]
        (now,) = found
        return (
            now.value("soko_money_moved_total", movement="captured", currency="KES") > 0
            and now.value("soko_orders_revenue_total", currency="KES") > 0
            and "soko_ledger_imbalance_minor" in now.names
            and "soko_audit_findings" in now.names
            and now.value("soko_mail_attempts_total", status="succeeded") > 0
        )

    await eventually(settled, timeout_s=60)
    return found[0]


async def _live(market: Marketplace) -> None:
    admin = await market.staff("admin")
    owner, seller_id = await market.open_seller()
    category = await market.category(admin)
    product = await market.product(owner, seller_id, category, on_hand=10)
    answer = await market.checkout(await market.cart((product.variant_id, 2)))
    assert answer.status_code == 201, answer.text
    wrong = {"email": owner.email, "password": "not-the-password"}
    assert (await market.client.post("/v1/auth/login", json=wrong)).status_code == 401
    statuses = [
        (await market.client.post("/v1/webhooks/payments/nobody")).status_code for _ in range(3)
    ]
    assert 429 in statuses
    assert (await market.client.get("/v1/nowhere")).status_code == 404
    assert (await market.client.get(f"/v1/products/{product.id}")).status_code == 200
