"""The authorization table as it stands beside this, and the operations that it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.routes import sockets
from tests.architecture.source_tree import ROOT
from tests.security.callers import CALLERS

TABLE = Path(__file__).with_name("authorization.txt")
OPENAPI = ROOT / "tests" / "contract" / "openapi.json"
NOT_ASKED = "-"
REFUSALS = {"401", "403", "404"}


@dataclass(frozen=True)
class Cell:
    """What one caller gets of one operation."""

    operation: str
    caller: str
    expected: str


def table() -> dict[str, dict[str, str]]:
    """Return an outcome for each operation or WebSocket and caller."""
    found: dict[str, dict[str, str]] = {}
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        method, path, *outcomes = line.split()
        assert f"{method} {path}" not in found, f"{method} {path} stands there twice"
        found[f"{method} {path}"] = dict(zip(CALLERS, outcomes, strict=True))
    return found


def expectations() -> dict[str, dict[str, str]]:
    """Return what the table says of operations."""
    return {name: line for name, line in table().items() if not name.startswith("WS ")}


def operations() -> dict[str, dict[str, Any]]:
    """Return the operations of the committed OpenAPI document."""
    document = json.loads(OPENAPI.read_text())
    return {
        f"{method.upper()} {path}": described
        for path, item in document["paths"].items()
        for method, described in item.items()
    }


def cells() -> Iterator[Cell]:
    for name, outcomes in expectations().items():
        for caller, expected in outcomes.items():
            if expected != NOT_ASKED:
                yield Cell(name, caller, expected)


def socket_paths() -> set[str]:
    return {f"WS {route.path}" for route in sockets.routes}
