"""``python -m devstack.chaos``: the command behind ``./soko chaos``."""

from __future__ import annotations

import asyncio
import secrets
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from devstack.chaos.mutant_run import run_mutants
from devstack.chaos.planting import StaleMutantError
from devstack.chaos.report import write_report
from devstack.chaos.run import run_matrix, run_schedule
from devstack.chaos.session import PROMISE_S, Result, Say
from devstack.chaos.summary import print_summary
from devstack.home import ROOT, Home
from devstack.rolling.fleet import FleetError
from devstack.rolling.report import say_result, write_result
from devstack.rolling.run import run_upgrade


class Plan(StrEnum):
    """What goes wrong."""

    KILL = "kill"
    BROKER = "broker"
    DATABASE = "database"
    PARTITION = "partition"
    MIXED = "mixed"
    UPGRADE = "upgrade"


def chaos(
    plan: Annotated[
        Plan,
        typer.Option(
            help="kill: each service at each of its failpoints, by kill -9."
            " broker: killed, paused, its store wiped, a consumer deleted."
            " database: stopped at once, paused, connections ended."
            " partition: networks cut, slow, or open one way. mixed: all of these."
            " upgrade: nothing goes wrong, but every process is replaced, by another version."
        ),
    ] = Plan.MIXED,
    seed: Annotated[
        int | None, typer.Option(help="Replays what a seed did; a new one by default.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, max=24 * 60, help="How long buyers come (not: kill).")
    ] = 3.0,
    repeats: Annotated[
        int, typer.Option(min=1, max=100, help="How often each failpoint kills (kill only).")
    ] = 1,
    only: Annotated[
        list[str] | None,
        typer.Option(help="A word of the failpoints, or mutants, to take (repeatable)."),
    ] = None,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Plant defects instead, and see each one caught.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=100, help="Buyers a second.")] = 6.0,
    promise: Annotated[
        float, typer.Option(min=1, help="Seconds in which all has to be quiet after the faults.")
    ] = PROMISE_S,
    output: Annotated[Path, typer.Option(help="Folder of the report.")] = ROOT / "chaos-results",
) -> None:
    """Put a stack of its own under load, break it, wait for quiet, and audit it.

    Ends with 0 when nothing is wrong, 1 when something is, 2 when it could not run.
    """
    console = Console(width=140, highlight=False)
    number = secrets.randbelow(1_000_000) if seed is None else seed
    folder = Home.of_environment().folder / "chaos"

    def say(text: str) -> None:
        console.print(text, soft_wrap=True, markup=False)

    if mutants:
        raise typer.Exit(_plant(folder.with_name("mutants"), only or [], say))
    say(f"plan {plan.value}, seed {number}")
    if plan is Plan.UPGRADE:
        raise typer.Exit(_upgrade(folder.with_name("upgrade"), number, minutes, rate, output, say))
    try:
        if plan is Plan.KILL:
            running = run_matrix(folder, number, repeats, rate, promise, say, only or [])
        else:
            running = run_schedule(folder, plan.value, number, minutes, rate, promise, say)
        result: Result = asyncio.run(running)
    except (RuntimeError, OSError, TimeoutError) as error:
        say(f"chaos could not run: {error}")
        raise typer.Exit(2) from None
    print_summary(result, console)
    say(f"report: {write_report(result, output)}")
    raise typer.Exit(1 if result.findings else 0)


def _plant(folder: Path, only: list[str], say: Say) -> int:
    try:
        return 1 if run_mutants(folder, only, say) else 0
    except (RuntimeError, OSError, StaleMutantError) as error:
        say(f"the mutants could not run: {error}")
        return 2


def _upgrade(folder: Path, seed: int, minutes: float, rate: float, output: Path, say: Say) -> int:
    try:
        result = asyncio.run(run_upgrade(folder, seed, minutes, rate, say))
    except (RuntimeError, OSError, FleetError) as error:
        say(f"the upgrade could not be done: {error}")
        return 2
    say_result(result, say)
    say(f"report: {write_result(result, output, seed)}")
    return 0 if result.ok else 1


# As Ctrl-C: the stack under chaos goes down with the command.
signal.signal(signal.SIGTERM, signal.default_int_handler)
typer.run(chaos)
