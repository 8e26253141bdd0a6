"""What dashboards and alert rules ask Prometheus for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from tests.architecture.source_tree import ROOT

RULES = ROOT / "deploy/prometheus/rules/soko.yml"
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
TARGETS_OWN = frozenset({"job", "instance"})
"""Labels that Prometheus gives itself."""
_NAME = re.compile(r"\b((?:soko|process)_[a-z_]+)(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
_MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_LABELS_TOLD = re.compile(r"\$labels\.(\w+)|\{\{(\w+)\}\}")


class Expression(NamedTuple):
    """One query, and where it stands."""

    where: str
    text: str
    told: str = ""
    """The words around it, which may name labels of the result."""

    @property
    def metrics(self) -> dict[str, set[str]]:
        """The metrics that it names, each with the labels that it selects by."""
        found: dict[str, set[str]] = {}
        for name, matchers in _NAME.findall(self.text):
            found.setdefault(name, set()).update(_MATCHED.findall(matchers))
        return found

    @property
    def grouped(self) -> set[str]:
        """The labels that it groups or joins by, or tells."""
        groups = (re.split(r"[,\s]+", each.strip()) for each in _GROUPING.findall(self.text))
        told = {word for pair in _LABELS_TOLD.findall(self.told) for word in pair}
        return {label for group in groups for label in group} | told - {""}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[Expression]:
    """Give every query of every rule and panel."""
    for rule in rules():
        yield Expression(rule["alert"], rule["expr"], rule["annotations"]["summary"])
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield Expression(
                    f"{path.name}: {panel['title']}", target["expr"], target["legendFormat"]
                )
