"""``python -m devstack.bench``: the command behind ``./soko bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from devstack.bench.run import run
from devstack.home import ROOT, Home


def bench(
    seconds: Annotated[int, typer.Option(min=1, max=60, help="How long each cell loads.")] = 5,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="One operation (repeatable): list, detail, list_uncached, detail_uncached,"
            " search, add_to_cart, checkout."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Where to write the JSON.")] = ROOT
    / "bench-results"
    / "latest.json",
) -> None:
    """Measure rates, latencies, CPU and memory on data of its own; about five minutes."""
    home = Home.of_environment().folder / "bench"
    code = run(home, output, seconds=seconds, only=only or [], console=Console(width=160))
    raise typer.Exit(code)


typer.run(bench)
