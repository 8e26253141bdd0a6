"""Dashboards are what Grafana reads; there is none here to show them.

The fields are those of https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/
view-dashboard-json-model/ and of provisioned folders.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source_tree import ROOT
from tests.observability.expressions import DASHBOARDS

WIDTH = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
PROVIDER = ROOT / "deploy/grafana/provisioning/dashboards/soko.yml"
every = pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(path.read_text())
    return dashboard


def test_each_subject_has_its_dashboard() -> None:
    names = {"overview", "gateway", "rpcs", "events", "databases", "money"}
    assert {path.stem for path in DASHBOARDS} == names
    assert len({read(path)["title"] for path in DASHBOARDS}) == len(names)


@every
def test_a_dashboard_is_found_by_its_name_and_takes_any_data_source(path: Path) -> None:
    dashboard = read(path)
    assert dashboard["uid"] == f"soko-{path.stem}"
    assert dashboard["schemaVersion"] >= 36
    assert "id" not in dashboard, "Grafana gives it"
    (variable,) = dashboard["templating"]["list"]
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
    assert variable["query"] == "prometheus"


@every
def test_a_panel_says_what_it_shows_and_in_which_unit(path: Path) -> None:
    panels = read(path)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == SOURCE
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters))
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE
            assert target["legendFormat"]


@every
def test_panels_do_not_cover_one_another(path: Path) -> None:
    places = [panel["gridPos"] for panel in read(path)["panels"]]
    for one in places:
        assert 0 <= one["x"] < one["x"] + one["w"] <= WIDTH
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


def test_grafana_is_told_where_they_are() -> None:
    (provider,) = yaml.safe_load(PROVIDER.read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
