"""docker-compose.yml on a real engine: bought, crashed, audited, taken down."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import docker
import httpx

from chassis.ids import format_id
from devstack.chaos.buyers import Buyers
from devstack.chaos.purchases import disagreements
from devstack.chaos.shop import ShopKeeper
from devstack.testing import eventually
from tests.deploy.containers.composition import Composition

_PATIENCE_S = 180
_MIX = {"plain": 8, "doubled": 1, "declined": 1, "error": 1, "cancelled": 1, "cash": 1}
"""Without what only the sandbox's pages can do, which are off in production."""
_VARIABLES = {"SOKO_RATE_LIMITS": "off", "SOKO_AUDIT_INTERVAL_S": "5"}


@dataclass(frozen=True)
class _Shop:
    http: httpx.AsyncClient
    keeper: ShopKeeper
    buyers: Buyers


async def test_a_crash_in_mid_traffic_loses_nothing(
    client: docker.DockerClient,
    images: Mapping[str, int],
    third_party: Mapping[str, str],
    compose_v1: list[str],
    tmp_path: Path,
) -> None:
    variables = {**third_party, **_VARIABLES}
    with _running(Composition(client, compose_v1, "soko-crash", tmp_path, variables)) as soko:
        async with _shop(soko) as shop:
            buyers = shop.buyers
            async with _buying(buyers):
                for service in ("payments", "orders", "catalog"):
                    # While purchases are under way, as there are at any moment of such a rate.
                    await _until_more_are_confirmed(buyers, 10)
                    soko.crash(service)
                    await eventually(lambda s=service: soko.restarts(s) == 1, _PATIENCE_S)
                    await eventually(lambda s=service: _health(soko, s) == "healthy", _PATIENCE_S)
                await _until_more_are_confirmed(buyers, 10)
            told = Counter(
                answer for each in buyers.purchases for answer in each.answers.elements()
            )
            print(f"\n{len(buyers.purchases)} purchases, answers {dict(told)}")
            await eventually(lambda: not _unsettled(soko), _PATIENCE_S)
            assert not disagreements(buyers.purchases, _statuses(soko))
            report = await _audit_from_now(shop)
            print(f"audited {report['checked']}")
            assert report["ok"], report["findings"]
            confirmed = {order for each in buyers.purchases for order in each.confirmed}
            await eventually(lambda: confirmed <= _mailed(soko), _PATIENCE_S)
    assert not soko.leftovers()


async def test_compose_v2_starts_it_and_a_purchase_works(
    client: docker.DockerClient,
    images: Mapping[str, int],
    third_party: Mapping[str, str],
    compose_v2: list[str],
    tmp_path: Path,
) -> None:
    variables = {**third_party, **_VARIABLES}
    with _running(Composition(client, compose_v2, "soko-v2", tmp_path, variables)) as soko:
        async with _shop(soko) as shop:
            assert (await _audit_from_now(shop))["ok"]
    assert not soko.leftovers()


@contextmanager
def _running(soko: Composition) -> Iterator[Composition]:
    try:
        soko.up()
        yield soko
    except BaseException:
        print(soko.logs())
        raise
    finally:
        soko.down()


@asynccontextmanager
async def _shop(soko: Composition) -> AsyncIterator[_Shop]:
    """Wait until it serves, and open a shop in it."""
    async with httpx.AsyncClient(base_url=soko.url, timeout=30) as http:
        await eventually(lambda: _is_ready(http), _PATIENCE_S)
        ready_s = time.monotonic() - soko.started

        async def grant(email: str, role: str) -> str:
            command = ("python", "-m", "identity", "grant", email, role)
            return await asyncio.to_thread(soko.execute, "identity", *command)

        keeper = ShopKeeper(http, grant)
        shop = await keeper.open()
        buyers = Buyers(http, shop, keeper, seed=2026, rate=3)
        buyers.mix = _MIX
        await buyers.start("plain")
        (first,) = buyers.purchases
        assert first.confirmed
        buyers.purchases.clear()
        bought_s = time.monotonic() - soko.started
        print(f"\n{soko.project}: ready {ready_s:.1f} s after up, bought after {bought_s:.1f} s")
        yield _Shop(http, keeper, buyers)


@asynccontextmanager
async def _buying(buyers: Buyers) -> AsyncIterator[None]:
    stop = asyncio.Event()
    coming = asyncio.create_task(buyers.run(stop))
    try:
        yield
    finally:
        stop.set()
        await coming


def _health(soko: Composition, service: str) -> str:
    return str(soko.container(service).attrs["State"]["Health"]["Status"])


def _unsettled(soko: Composition) -> list[list[str]]:
    """Return the sagas that are still under way."""
    return soko.rows("orders", "SELECT id, saga_step FROM orders WHERE saga_next_at IS NOT NULL")


def _statuses(soko: Composition) -> dict[str, str]:
    rows = soko.rows("orders", "SELECT id, status FROM orders")
    return {format_id("ord", UUID(order_id)): status for order_id, status in rows}


def _mailed(soko: Composition) -> set[str]:
    """Return the orders of which the mail server took a confirmation."""
    statement = "SELECT order_id FROM mail_delivery WHERE status = 'succeeded'"
    mailed = {row[0] for row in soko.rows("notifications", statement) if row[0]}
    return {format_id("ord", UUID(order_id)) for order_id in mailed}


async def _audit_from_now(shop: _Shop) -> Mapping[str, Any]:
    """Return the report of the first scheduled audit that starts later than now."""
    began = datetime.now(UTC)

    async def report() -> Mapping[str, Any] | None:
        answer = await shop.http.get("/v1/ops/audit", headers=await shop.keeper.admin())
        if answer.status_code != httpx.codes.OK:
            return None
        found: Mapping[str, Any] = answer.json()
        return found if datetime.fromisoformat(found["started_at"]) > began else None

    found = await eventually(report, _PATIENCE_S)
    assert found is not None
    return found


async def _is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).json()["status"] == "ready"
    except (httpx.TransportError, ValueError):
        return False


async def _until_more_are_confirmed(buyers: Buyers, number: int) -> None:
    def confirmed() -> int:
        return sum(len(each.confirmed) for each in buyers.purchases)

    wanted = confirmed() + number
    await eventually(lambda: confirmed() >= wanted, _PATIENCE_S)
