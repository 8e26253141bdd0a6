"""What a run showed, for the terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Console

from devstack.chaos.session import PROMISE_S, Result

_MOST_FINDINGS = 20


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of some values (0 without any), by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def facts(result: Result) -> list[tuple[str, str]]:
    """Return what is worth knowing, as titles and values."""
    ends = Counter(result.statuses.values())
    waits = [each.latency_s for each in result.purchases if each.latency_s is not None]
    unanswered = sum(1 for each in result.purchases if each.gave_up)
    tries = sum(each.answers.total() for each in result.purchases)
    kinds = Counter(each.fault.kind for each in result.happened)
    return [
        ("seed", str(result.seed)),
        ("lasted", f"{result.lasted_s:.0f} s"),
        ("orders", f"{ends.total()}: " + ", ".join(f"{n} {s}" for s, n in ends.most_common())),
        ("buyers", f"{len(result.purchases)}, {unanswered} gave up; {tries} requests"),
        (
            "checkout",
            f"p50 {percentile(waits, 0.5) * 1000:.0f} ms, p99 {percentile(waits, 0.99):.1f} s,"
            f" worst {max(waits, default=0):.1f} s",
        ),
        ("faults", f"{len(result.happened)}: " + ", ".join(f"{n} {k}" for k, n in kinds.items())),
        *([("failpoints", f"{len(result.cells)}")] if result.cells else []),
        (
            "quiet after",
            f"{max(result.converged_s, default=0):.1f} s at the most (promised: {PROMISE_S:.0f} s)",
        ),
        ("violations", str(len(result.findings))),
    ]


def print_summary(result: Result, console: Console) -> None:
    """Print facts, then findings."""
    console.print()
    for title, value in facts(result):
        console.print(f"{title:<12} {value}", soft_wrap=True)
    for finding in result.findings[:_MOST_FINDINGS]:
        console.print(f"  ! {finding}", soft_wrap=True, markup=False)
    if len(result.findings) > _MOST_FINDINGS:
        console.print(f"  and {len(result.findings) - _MOST_FINDINGS} more, in the report")
