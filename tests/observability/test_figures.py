"""Every figure that a panel, a rule or a page names is told by a stack that runs."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from devstack.stack import METERED, metrics_ports
from devstack.testing import eventually
from tests.architecture.source_tree import ROOT
from tests.e2e.stack import Stack
from tests.observability.conftest import consecutive_ports
from tests.observability.expressions import RULES, TARGETS_OWN, expressions, rules
from tests.observability.promtool import program
from tests.observability.scraping import Figures

OPERATORS = {"job", "instance", "namespace", "pod", "service", "container", "endpoint", "node"}
"""What Prometheus and its operator call their own labels: it would rename ours."""
_ROW = re.compile(r"^\| `(soko_[a-z_]+)` \| ([a-z, ]*)\|", re.MULTILINE)
_SUFFIXES = ("_bucket", "_count", "_sum")


async def test_every_metric_that_is_asked_for_is_told_with_its_labels(figures: Figures) -> None:
    wrong = []
    for expression in expressions():
        told: set[str] = set(TARGETS_OWN)
        for name, labels in expression.metrics.items():
            if name not in figures.names:
                wrong.append(f"{expression.where}: {name} is told by nobody")
                continue
            told |= figures.names[name]
            if labels - figures.names[name]:
                wrong.append(f"{expression.where}: {name} has no {labels - figures.names[name]}")
        if expression.grouped - told:
            wrong.append(f"{expression.where}: no {expression.grouped - told} to group by")
        assert expression.metrics, expression
    assert not wrong, "\n".join(wrong)


async def test_the_page_tells_every_metric_with_its_labels_and_no_other(figures: Figures) -> None:
    page = {
        name: set(re.findall(r"\w+", labels))
        for name, labels in _ROW.findall((ROOT / "docs/metrics.md").read_text())
    }
    told: dict[str, set[str]] = {}
    for name, labels in figures.names.items():
        if name.startswith("soko_"):
            base = next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)
            told.setdefault(base, set()).update(labels - {"le"})
    assert told == page


async def test_no_label_is_called_as_prometheus_calls_its_own(figures: Figures) -> None:
    assert not {label for labels in figures.names.values() for label in labels} & OPERATORS


async def test_the_stack_says_where_its_figures_are(
    watched: Stack, figures: Figures, metrics_port: int
) -> None:
    told = json.loads(watched.run("status", "--json"))["services"]
    ports = metrics_ports(metrics_port)
    assert {each["name"]: each["metrics"] for each in told if each["metrics"]} == {
        name: f"http://127.0.0.1:{ports[name]}/metrics" for name in METERED
    }


@contextmanager
def prometheus(binary: str, folder: Path, first_port: int) -> Iterator[str]:
    """Run a Prometheus that asks the stack every second and knows the rules."""
    targets = [f"127.0.0.1:{port}" for port in metrics_ports(first_port).values()]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "soko", "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{consecutive_ports(1)}"
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://{address}/api/v1"
    finally:
        process.kill()
        process.wait()


async def test_prometheus_answers_every_query_and_no_alert_fires(
    figures: Figures, metrics_port: int, tmp_path: Path
) -> None:
    binary = program("prometheus")
    if binary is None:
        return
    with prometheus(binary, tmp_path, metrics_port) as api:

        async def ask(query: str) -> list[dict[str, Any]]:
            answer = await client.get(f"{api}/query?query={urllib.parse.quote(query)}")
            assert answer.status_code == 200, f"{query}: {answer.text}"
            result: list[dict[str, Any]] = answer.json()["data"]["result"]
            return result

        async with httpx.AsyncClient(timeout=30) as client:

            async def scraped_twice() -> bool:
                try:
                    seen = await ask("count_over_time(up[1m]) >= 2 and up == 1")
                except httpx.TransportError:
                    return False
                return len(seen) == len(METERED)

            await eventually(scraped_twice, timeout_s=60)
            for expression in expressions():
                text = expression.text.replace("$__rate_interval", "1m")
                await ask(text.replace("$__range", "1h"))
            empty = [
                expression.where
                for expression in expressions()
                if ".json" in expression.where and not await _shows(ask, expression.text)
            ]
            loaded = (await client.get(f"{api}/rules")).json()["data"]["groups"]
            told = [rule for group in loaded for rule in group["rules"]]
            assert {rule["name"] for rule in told} == {rule["alert"] for rule in rules()}
            assert not [rule["name"] for rule in told if rule.get("lastError")]
            firing = [rule["name"] for rule in told if rule["state"] == "firing"]
            assert not firing
    assert not empty, "\n".join(empty)


async def _shows(ask: Any, text: str) -> bool:
    """Tell whether a panel shows something; of failures there may be none to show."""
    if any(word in text for word in ('"5..', "internal|", "> 0", "store_failures")):
        return True
    return bool(await ask(text.replace("$__rate_interval", "1m").replace("$__range", "1h")))
