"""The bench's results as a table for people and JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from devstack.bench.load import Measurement
from devstack.bench.processes import Usage


@dataclass(frozen=True)
class Cell:
    """One operation at one concurrency."""

    operation: str
    title: str
    target: float | None
    connections: int
    measured: Measurement
    yardstick_rate: float
    cpu_s: dict[str, float]
    """CPU seconds that each process used meanwhile."""

    @property
    def ratio(self) -> float:
        """Rate as a share of the yardstick's at the same concurrency."""
        return self.measured.rate / self.yardstick_rate


@dataclass
class Report:
    """Everything that one run of the bench found."""

    idle: dict[str, Usage] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    loaded: dict[str, Usage] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    """What is wrong with the rows that the load left; empty is right."""
    settled_after_s: float = 0.0
    """How long the stack worked on after the last checkout was answered."""

    def missed_targets(self) -> list[str]:
        """Return the operations whose best ratio is below their target."""
        best: dict[str, float] = {}
        for cell in self.cells:
            if cell.target is not None:
                best[cell.title] = max(best.get(cell.title, 0.0), cell.ratio / cell.target)
        return [title for title, share in best.items() if share < 1]

    def write_json(self, path: Path) -> None:
        """Write the results for programs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = [{**asdict(cell), "ratio": cell.ratio} for cell in self.cells]
        document: dict[str, Any] = {**asdict(self), "cells": cells}
        path.write_text(json.dumps(document, indent=2) + "\n")


def print_report(report: Report, console: Console) -> None:
    """Print the results for people."""
    console.print(_rates(report))
    console.print(_processes(report))
    idle_mib = sum(usage.rss_mib for usage in report.idle.values())
    idle_pss_mib = sum(usage.pss_mib for usage in report.idle.values())
    console.print(f"idle memory of the whole stack: {idle_mib:.0f} MiB RSS, {idle_pss_mib:.0f} PSS")
    console.print(f"settled {report.settled_after_s:.1f} s after the last answer")
    for finding in report.findings:
        console.print(f"[red]wrong rows:[/] {finding}")
    if not report.findings:
        console.print("every order, payment, stock and ledger row is there and agrees")
    for title in report.missed_targets():
        console.print(f"[yellow]below target:[/] {title}")


def _rates(report: Report) -> Table:
    table = Table(title="rate per second, beside the yardstick of the same run")
    for heading in ("operation", "conns", "rate", "p50 ms", "p99 ms", "errors", "ratio", "target"):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    table.add_column("CPU ms per operation")
    for cell in report.cells:
        measured = cell.measured
        done = max(1, measured.completed)
        costs = sorted(cell.cpu_s.items(), key=lambda item: -item[1])
        table.add_row(
            cell.title,
            str(cell.connections),
            f"{measured.rate:,.0f}",
            f"{measured.p50_ms:.2f}",
            f"{measured.p99_ms:.2f}",
            str(measured.errors),
            f"{cell.ratio:.1%}",
            "" if cell.target is None else f"{cell.target:.0%}",
            ", ".join(f"{name} {s / done * 1000:.2f}" for name, s in costs if s / done > 5e-5),
        )
    return table


def _processes(report: Report) -> Table:
    table = Table(title="processes")
    for heading in ("process", "idle RSS MiB", "idle PSS MiB", "RSS after load", "CPU s"):
        table.add_column(heading, justify="left" if heading == "process" else "right")
    for name, usage in report.idle.items():
        loaded = report.loaded.get(name, usage)
        table.add_row(
            name,
            f"{usage.rss_mib:.0f}",
            f"{usage.pss_mib:.0f}",
            f"{loaded.rss_mib:.0f}",
            f"{loaded.cpu_s - usage.cpu_s:.1f}",
        )
    return table
