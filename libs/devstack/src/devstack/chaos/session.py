"""One run: a stack, its shop and its buyers, the faults that happened, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from devstack.chaos.audit import RowAudit, service_audit
from devstack.chaos.buyers import Buyers
from devstack.chaos.faults import Faults
from devstack.chaos.purchases import Purchase, disagreements
from devstack.chaos.schedule import Fault
from devstack.chaos.shop import ShopKeeper
from devstack.chaos.stack import ChaosStack

PROMISE_S = 30.0
"""How soon after the last fault all has to be quiet."""
_SAY_EVERY_S = 5.0
_GIVE_UP_S = 150.0
_POLL_S = 0.1
_READY_S = 60.0
_CLIENT_TIMEOUT_S = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Happened:
    """A fault as it was injected, in seconds since the run began."""

    fault: Fault
    began_s: float
    ended_s: float


@dataclass
class Result:
    """What a run showed."""

    plan: str
    seed: int
    length: str = ""
    """The option that, with the seed, makes the same faults again."""
    purchases: list[Purchase] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    lasted_s: float = 0.0
    converged_s: list[float] = field(default_factory=list)
    """Each time that quiet was waited for: seconds from the last fault and the last buyer."""
    statuses: dict[str, str] = field(default_factory=dict)
    """Every order's status at the end, by its id."""
    findings: list[str] = field(default_factory=list)
    cells: dict[str, int] = field(default_factory=dict)
    """How often a process died at each failpoint."""
    audited: int = 0
    """How many of the faults came before the last audit."""

    def found(self, findings: Iterable[str]) -> list[str]:
        """Remember findings; return lines of the new ones, with the faults since the last audit."""
        fresh = [each for each in findings if each not in self.findings]
        self.findings += fresh
        if not fresh:
            return []
        faults = Counter(
            f"{each.fault.kind} {each.fault.target}" for each in self.happened[self.audited :]
        )
        told = ", ".join(f"{what} x{n}" if n > 1 else what for what, n in faults.items())
        return [*(f"! {each}" for each in fresh), f"  after {told or 'no fault'}"]


class Session:
    """A running stack with buyers at hand; everything that happens is written into ``result``."""

    def __init__(self, stack: ChaosStack, buyers: Buyers, result: Result, say: Say) -> None:
        self.stack = stack
        self.buyers = buyers
        self.result = result
        self.say = say
        self.promise_s = PROMISE_S
        self.audit = RowAudit(stack)
        self._faults = Faults(stack)
        self._last_fault_s = 0.0

    async def strike(self, fault: Fault) -> None:
        """Inject a fault and remember it."""
        began_s = self.buyers.now_s
        self.say(f"{began_s:7.1f} s  {fault.kind} {fault.target} {_length(fault)}")
        await self._faults.inject(fault)
        self.happened(fault, began_s)

    def happened(self, fault: Fault, began_s: float) -> None:
        """Remember a fault that is over now."""
        self._last_fault_s = self.buyers.now_s
        self.result.happened.append(Happened(fault, began_s, self._last_fault_s))

    @contextlib.asynccontextmanager
    async def buying(self) -> AsyncIterator[None]:
        """Let buyers come meanwhile; wait for the last one's answer at the end."""
        stop = asyncio.Event()
        coming = asyncio.create_task(self.buyers.run(stop))
        try:
            yield
        finally:
            stop.set()
            await coming

    async def until_ready(self) -> None:
        """Wait until every process of the stack is ready again; raises TimeoutError."""
        async with asyncio.timeout(_READY_S):
            await until(self.stack.all_ready)

    async def conclude(self, give_up_s: float = _GIVE_UP_S) -> None:
        """Wait for quiet, audit, and compare with what the buyers were told."""
        began_s = max(self._last_fault_s, self.buyers.now_s)
        deadline = time.monotonic() + give_up_s
        left = await self.audit.unfinished()
        said_s = began_s
        while left and time.monotonic() < deadline:
            if self.buyers.now_s - said_s > _SAY_EVERY_S:
                said_s = self.buyers.now_s
                self.say(f"{said_s:7.1f} s  waiting: {'; '.join(left)}")
            await asyncio.sleep(_POLL_S)
            left = await self.audit.unfinished()
        took_s = self.buyers.now_s - began_s
        self.result.converged_s.append(took_s)
        found = [f"not finished after {took_s:.0f} s: {what}" for what in left]
        if not left and took_s > self.promise_s:
            found.append(f"quiet only {took_s:.1f} s after the last fault and buyer")
        found += await self.audit() + await service_audit(self.stack.targets)
        self.result.statuses = await self.audit.statuses()
        found += disagreements(self.buyers.purchases, self.result.statuses)
        self.say(f"{self.buyers.now_s:7.1f} s  quiet after {took_s:.1f} s, {len(found)} findings")
        self.found(found)
        self.result.audited = len(self.result.happened)

    def found(self, findings: Iterable[str]) -> None:
        """Remember findings, and say at once what is new."""
        for line in self.result.found(findings):
            self.say(f"{self.buyers.now_s:7.1f} s  {line}")


@contextlib.asynccontextmanager
async def session(
    folder: Path,
    plan: str,
    seed: int,
    length: str,
    rate: float,
    say: Say,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Session]:
    """Start a stack on empty data, with a shop and buyers; end it and forget its data."""
    stack = ChaosStack(folder, settings)
    say(f"starting a stack of its own in {folder}")
    limits = httpx.Limits(max_connections=100)
    async with (
        stack.running(),
        httpx.AsyncClient(base_url=stack.url, timeout=_CLIENT_TIMEOUT_S, limits=limits) as client,
    ):

        async def grant(email: str, role: str) -> str:
            return await stack.command("admin", "grant", email, role)

        keeper = ShopKeeper(client, grant)
        shop = await keeper.open()
        buyers = Buyers(client, shop, keeper, seed, rate)
        result = Result(plan, seed, length, buyers.purchases)
        yield Session(stack, buyers, result, say)
        result.lasted_s = buyers.now_s


async def until(done: Callable[[], bool]) -> None:
    """Look again and again until something is so: files and processes call nobody back."""
    while not done():  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)


def _length(fault: Fault) -> str:
    return f"for {fault.lasts_s:.1f} s" if fault.lasts_s else ""
