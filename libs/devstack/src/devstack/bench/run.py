"""One run of the bench: idle stack, load beside the yardstick, rows.

Machines are noisy, so the yardstick is measured anew right before each cell.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from devstack.bench import rows
from devstack.bench.load import GeneratorMissingError, Measurement, measure, require_generator
from devstack.bench.operations import Operation, operations
from devstack.bench.processes import Usage, usage_by_name
from devstack.bench.report import Cell, Report, print_report
from devstack.bench.stack import BenchStack, stock_for_load, yardstick

CONCURRENCIES = (1, 16, 64)
_VARIANTS = 100
_IDLE_S = 3.0
"""How long the stack is left alone before its idle memory is read."""
_SETTLE_TIMEOUT_S = 180.0


def run(home: Path, results: Path, *, seconds: int, only: list[str], console: Console) -> int:
    """Measure and print; return 0, or 1 when rows are wrong, or 2 when it could not run.

    ``only`` names the operations to measure, all when empty; ``seconds`` is the time of each cell.
    """
    try:
        require_generator()
    except GeneratorMissingError as error:
        console.print(str(error))
        return 2
    report = Report()
    stack = BenchStack(home)
    console.print(f"starting a stack of its own in {home}")
    with yardstick() as url, stack.running():
        _measure_stack(stack, report, url, seconds, only, console)
    report.write_json(results)
    print_report(report, console)
    console.print(f"written to {results}")
    return 1 if report.findings else 0


def _measure_stack(
    stack: BenchStack,
    report: Report,
    yardstick_url: str,
    seconds: int,
    only: list[str],
    console: Console,
) -> None:
    products, variants = stock_for_load(stack.url, _VARIANTS)
    pids = stack.pids()
    time.sleep(_IDLE_S)
    report.idle = usage_by_name(pids)
    console.print("each cell: first the yardstick (an empty FastAPI route), then the operation")
    placed = 0
    for operation in operations(products, variants):
        if only and operation.name not in only:
            continue
        for connections in CONCURRENCIES:
            reference = measure(yardstick_url, connections=connections, seconds=seconds).rate
            cell = _measure_cell(stack, pids, operation, connections, seconds, reference)
            report.cells.append(cell)
            console.print(
                f"  {cell.title}, {connections} connections: {cell.measured.rate:,.0f}/s,"
                f" {cell.ratio:.1%} of the yardstick's {reference:,.0f}/s"
            )
            placed += cell.measured.completed if operation.name == "checkout" else 0
    report.settled_after_s = rows.wait_until_settled(stack.home, _SETTLE_TIMEOUT_S)
    report.loaded = usage_by_name(pids)
    report.findings = rows.findings(stack.home, placed)


def _measure_cell(
    stack: BenchStack,
    pids: Mapping[str, int],
    operation: Operation,
    connections: int,
    seconds: int,
    reference: float,
) -> Cell:
    before = usage_by_name(pids)
    variables = {**operation.variables, "SOKO_RUN": uuid.uuid4().hex}
    measured: Measurement = measure(
        stack.url,
        connections=connections,
        seconds=seconds,
        script=operation.script,
        variables=variables,
    )
    after: Mapping[str, Usage] = usage_by_name(pids)
    return Cell(
        operation=operation.name,
        title=operation.title,
        target=operation.target,
        connections=connections,
        measured=measured,
        yardstick_rate=reference,
        cpu_s={name: after[name].cpu_s - before[name].cpu_s for name in after},
    )
