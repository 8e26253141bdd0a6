"""Whoever writes events also publishes them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

BOOTSTRAPS = sorted((ROOT / "services").glob("*/src/*/bootstrap.py"))


def writes_events(service: Path) -> bool:
    tables = (service / "adapters" / "tables.py").read_text()
    return "outbox=False" not in tables


def runs_in_background(tree: ast.Module) -> set[str]:
    """Return the names in the list that a service gives as its background work."""
    lists = [
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "background"
    ]
    return {node.id for found in lists for node in ast.walk(found) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("bootstrap", BOOTSTRAPS, ids=lambda path: path.parent.name)
def test_events_never_consumed_because_nobody_ran_the_relay(bootstrap: Path) -> None:
    if writes_events(bootstrap.parent):
        assert "relay" in runs_in_background(ast.parse(bootstrap.read_text()))


def test_all_services_are_looked_at() -> None:
    assert len([path for path in BOOTSTRAPS if writes_events(path.parent)]) >= 4
