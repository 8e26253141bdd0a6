"""What a rolling upgrade showed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_MOST_SHOWN = 20


@dataclass
class Result:
    """What an upgrade showed."""

    old: str = ""
    requests: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    """Answers of 500 and more, and requests without any."""
    replaced: list[str] = field(default_factory=list)
    """Each process that was replaced under load, as ``service old -> new``."""
    orders: dict[str, int] = field(default_factory=dict)
    """How many orders ended in each status."""
    findings: list[str] = field(default_factory=list)
    """What an audit of the services, the rows and what clients were told found."""
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nobody noticed."""
        return not self.errors and not self.findings

    def document(self) -> dict[str, object]:
        """Return it for JSON."""
        return {**vars(self), "ok": self.ok}


def say_result(result: Result, say: Callable[[str], None]) -> None:
    """Say the figures, and what is wrong."""
    orders = ", ".join(f"{number} {status}" for status, number in result.orders.items())
    say(
        f"{len(result.replaced)} processes replaced in {result.seconds:.0f} s:"
        f" {result.requests} requests, {len(result.errors)} errors;"
        f" orders: {orders}; {len(result.findings)} findings"
    )
    for trouble in (*result.errors, *result.findings)[:_MOST_SHOWN]:
        say(f"  ! {trouble}")
    for warning in result.warnings:
        say(f"  ! {warning}")


def write_result(result: Result, folder: Path, seed: int) -> Path:
    """Write a result as JSON; return where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"upgrade-{seed}.json"
    path.write_text(json.dumps(result.document(), indent=2) + "\n")
    return path
