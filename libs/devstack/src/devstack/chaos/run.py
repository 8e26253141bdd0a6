"""The two ways of a run: faults by schedule, and the kill matrix."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from devstack.chaos.buyers import MIX
from devstack.chaos.planting import Mutant
from devstack.chaos.points import cells
from devstack.chaos.schedule import Fault, schedule
from devstack.chaos.session import Result, Say, Session, session, until

_GROUP = 4
"""Cells that are audited together: one of each service."""
_REACH_S = 120.0
"""How soon a cell's point has to be passed often enough."""
_PASSAGES_MAX = 3
_SPOKEN_EVERY_S = 10.0
_MUTANT_RATE, _MUTANT_BUYERS = 15.0, 40
_MUTANT_QUIET_S = 20.0


async def run_schedule(
    folder: Path, plan: str, seed: int, minutes: float, rate: float, promise_s: float, say: Say
) -> Result:
    """Run buyers while the faults of a plan strike, then wait for quiet and audit."""
    seconds = minutes * 60
    async with session(folder, plan, seed, f"--minutes {minutes:g}", rate, say) as running:
        running.promise_s = promise_s
        telling = asyncio.create_task(_tell(running))
        try:
            async with running.buying():
                for fault in schedule(plan, seed, seconds):
                    await asyncio.sleep(max(0.0, fault.at_s - running.buyers.now_s))
                    await running.strike(fault)
                await asyncio.sleep(max(0.0, seconds - running.buyers.now_s))
        finally:
            telling.cancel()
        await running.until_ready()
        await running.conclude()
    return running.result


async def run_matrix(
    folder: Path,
    seed: int,
    repeats: int,
    rate: float,
    promise_s: float,
    say: Say,
    only: Sequence[str] = (),
) -> Result:
    """Kill each service at each of its failpoints so many times; audit after every few cells.

    ``only`` are words: cells whose ``service.point`` has one of them; all when empty.
    """
    chance = random.Random(f"matrix/{seed}")
    chosen = [
        f"{service}.{point}"
        for service, point in cells()
        if not only or any(word in f"{service}.{point}" for word in only)
    ]
    async with session(folder, "kill", seed, f"--repeats {repeats}", rate, say) as running:
        running.promise_s = promise_s
        for start in range(0, len(chosen), _GROUP):
            group = chosen[start : start + _GROUP]
            async with running.buying():
                for _ in range(repeats):
                    for cell in group:
                        await _die_at(running, cell, chance.randint(1, _PASSAGES_MAX))
            say(f"{running.buyers.now_s:7.1f} s  {start + len(group)} of {len(chosen)} cells")
            await running.conclude()
    return running.result


async def run_load(folder: Path, mutant: Mutant, planted: Path, say: Say) -> Result:
    """Load a stack that has a defect planted, and audit it."""
    settings = {"PYTHONPATH": str(planted)}
    async with session(folder, "mutant", 1, "", _MUTANT_RATE, say, settings) as running:
        buyers = running.buyers
        buyers.mix = mutant.kinds or MIX
        async with running.buying():
            for cell in mutant.cells:
                await _die_at(running, cell, 1)
            await until(lambda: len(buyers.purchases) >= _MUTANT_BUYERS)
        await running.conclude(_MUTANT_QUIET_S)
    return running.result


async def _die_at(running: Session, cell: str, passages: int) -> None:
    """Arm one failpoint and wait until the process died there and serves again."""
    armed = running.stack.failpoints / cell
    fired = armed.with_name(armed.name + ".fired")
    armed.write_text(str(passages))
    service = cell.partition(".")[0]
    victim = running.stack.process(service)
    began_s = running.buyers.now_s
    lost = []
    try:
        async with asyncio.timeout(_REACH_S):
            await until(fired.exists)
            await until(lambda: not victim.alive and running.stack.all_ready())
    except TimeoutError:
        armed.unlink(missing_ok=True)
        reached = "was passed" if fired.exists() else "was never passed"
        lost = [f"{cell} {reached} and did not come back in {_REACH_S} s"]
    finally:
        fired.unlink(missing_ok=True)
    running.happened(Fault(began_s, "kill", cell), began_s)
    running.result.cells[cell] = running.result.cells.get(cell, 0) + 1
    running.found(lost)


async def _tell(running: Session) -> None:
    """Say now and then how far it is."""
    while True:
        await asyncio.sleep(_SPOKEN_EVERY_S)
        answered = sum(1 for each in running.buyers.purchases if not each.gave_up)
        running.say(
            f"{running.buyers.now_s:7.1f} s  {answered} buyers answered,"
            f" {len(running.buyers.purchases) - answered} under way or given up"
        )
