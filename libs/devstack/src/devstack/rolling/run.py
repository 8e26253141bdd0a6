"""The upgrade, step by step, while clients come; and back again, for one service."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx

from devstack.chaos.audit import RowAudit, service_audit
from devstack.chaos.buyers import Buyers
from devstack.chaos.purchases import disagreements
from devstack.chaos.shop import ShopKeeper
from devstack.databases import SERVICES
from devstack.home import Home
from devstack.rolling.fleet import Fleet
from devstack.rolling.report import Result
from devstack.rolling.traffic import Balancer, products_of, read, sell
from devstack.rolling.versions import NEW, Version, released

MIX = {
    "plain": 60,
    "doubled": 6,
    "scarce": 4,
    "declined": 6,
    "paid later": 6,
    "abandoned": 2,
    "cash": 6,
    "cancelled": 6,
    "refunded": 4,
}
"""What buyers do; a provider that fails may be answered with an error, so nobody has one."""
_ORDER = ("identity", "catalog", "payments", "orders", "notifications")
"""Whoever is asked comes before those who ask."""
_STEPS = 2 + len(_ORDER) + 1 + 3
_READERS = 3
_QUIET_S = 90.0
_POLL_S = 0.2

Say = Callable[[str], None]


async def run_upgrade(folder: Path, seed: int, minutes: float, rate: float, say: Say) -> Result:
    """Upgrade a fleet of its own under load, which settles for so long, all steps together.

    Raises FleetError when a process does not do its part.
    """
    result = Result()
    pause_s = minutes * 60 / _STEPS
    fleet = Fleet(Home(folder))
    with tempfile.TemporaryDirectory(prefix="soko-released-") as unpacked:
        old, result.warnings = released(Path(unpacked))
        result.old = old.commit
        for warning in result.warnings:
            say(warning)
        say(f"starting the released version ({old.commit}) in {folder}")
        async with fleet.running():
            await fleet.migrate(old)
            await asyncio.gather(*(fleet.start(name, old) for name in (*SERVICES, "gateway")))
            await _under_load(fleet, old, result, seed, rate, pause_s, say)
    return result


async def _under_load(
    fleet: Fleet, old: Version, result: Result, seed: int, rate: float, pause_s: float, say: Say
) -> None:
    balancer = Balancer()
    balancer.know(fleet.instance("gateway").port)
    upgrade = Upgrade(fleet, balancer, result, pause_s, say)
    async with httpx.AsyncClient(
        transport=balancer, base_url="http://127.0.0.1:1", timeout=30
    ) as client:
        keeper = ShopKeeper(client, fleet.grant)
        shop = await keeper.open()
        buyers = Buyers(client, shop, keeper, seed, rate)
        buyers.mix = MIX
        owner = await keeper.seller(1)
        async with _coming(client, buyers, owner, balancer, result):
            await upgrade.forward(old)
            await upgrade.back_and_forth("orders", old)
        await _conclude(fleet, buyers, result, say)
    result.requests = balancer.count.requests
    result.answers = dict(balancer.count.answers)
    result.errors = balancer.count.errors


class Upgrade:
    """The steps that an operator takes, or whoever does it for them."""

    def __init__(
        self, fleet: Fleet, balancer: Balancer, result: Result, pause_s: float, say: Say
    ) -> None:
        self._fleet = fleet
        self._balancer = balancer
        self._result = result
        self._pause_s = pause_s
        self._say = say
        self._began = time.monotonic()

    async def forward(self, old: Version) -> None:
        """Migrate while the old version serves, then replace the services and the gateway."""
        await self._settle()
        self._tell("migrating")
        await self._fleet.migrate(NEW)
        self._tell("migrated; the old version serves on")
        await self._settle()
        for name in _ORDER:
            await self.replace(name, NEW)
        await self.replace("gateway", NEW)

    async def back_and_forth(self, name: str, old: Version) -> None:
        """Go back to the old version of a service after the migration, and forward again.

        The gateway goes from new to new besides, so that its present way of ending is seen too.
        """
        await self.replace(name, old)
        await self.replace("gateway", NEW)
        await self.replace(name, NEW)

    async def replace(self, name: str, version: Version) -> None:
        """Start an instance of a version beside the present one, which ends when it serves."""
        before = self._fleet.instance(name)
        after = await self._fleet.start(name, version)
        if name == "gateway":
            await self._move(before.port, after.port, patient=not before.version.path)
        await self._settle()
        await self._fleet.end(before)
        if name == "gateway":
            self._balancer.know(after.port)
        self._result.replaced.append(f"{name} {before.version.name} -> {version.name}")
        self._tell(self._result.replaced[-1])
        self._result.seconds = round(time.monotonic() - self._began, 1)

    async def _move(self, before: int, after: int, *, patient: bool) -> None:
        """Have the balancer send requests to the new gateway.

        A present one says itself that it is about to end; from older ones traffic is taken first.
        """
        self._balancer.know(*((before, after) if patient else (after,)))

    async def _settle(self) -> None:
        await asyncio.sleep(self._pause_s)

    def _tell(self, what: str) -> None:
        errors = len(self._balancer.count.errors)
        self._say(
            f"{time.monotonic() - self._began:6.1f} s  {what};"
            f" {self._balancer.count.requests} requests, {errors} errors"
        )


@contextlib.asynccontextmanager
async def _coming(
    client: httpx.AsyncClient,
    buyers: Buyers,
    owner: dict[str, str],
    balancer: Balancer,
    result: Result,
) -> AsyncIterator[None]:
    """Let buyers, a seller and readers come meanwhile."""
    stop = asyncio.Event()
    products = await products_of(client, owner)
    others = [
        asyncio.create_task(balancer.look(stop)),
        asyncio.create_task(buyers.run(stop)),
        *(asyncio.create_task(read(client, products, stop)) for _ in range(_READERS)),
    ]
    selling = asyncio.create_task(sell(client, owner, products[0], stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*others)
        result.findings += await selling


async def _conclude(fleet: Fleet, buyers: Buyers, result: Result, say: Say) -> None:
    """Wait for quiet, audit, and compare with what the buyers were told."""
    audit = RowAudit(fleet)
    deadline = time.monotonic() + _QUIET_S
    left = await audit.unfinished()
    while left and time.monotonic() < deadline:
        left = await audit.unfinished()
        await asyncio.sleep(_POLL_S)
    result.findings += [f"not finished: {what}" for what in left]
    result.findings += await audit() + await service_audit(fleet.targets)
    statuses = await audit.statuses()
    result.findings += disagreements(buyers.purchases, statuses)
    gave_up = sum(each.gave_up for each in buyers.purchases)
    if gave_up:
        result.findings.append(f"{gave_up} buyers were never answered")
    for status in statuses.values():
        result.orders[status] = result.orders.get(status, 0) + 1
    say(f"audited {len(statuses)} orders: {len(result.findings)} findings")
