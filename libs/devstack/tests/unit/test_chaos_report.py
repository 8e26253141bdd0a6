"""The report is one file that shows all of a run and asks no network."""

import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from devstack.chaos.purchases import Purchase
from devstack.chaos.report import write_report
from devstack.chaos.schedule import Fault
from devstack.chaos.session import Happened, Result


def a_run(seconds: float) -> Result:
    purchases = [
        Purchase(number, "plain", number / 2, number / 2 + 0.1, 402 if number % 9 == 0 else 201)
        for number in range(int(seconds))
    ]
    purchases.append(Purchase(999, "abandoned", 1.0, answers=Counter({"503": 2})))
    fault = Fault(2.0, "cut", "orders-payments", 3.0)
    return Result(
        "mixed",
        7,
        "--minutes 3",
        purchases,
        [Happened(fault, 2.0, 5.0)],
        seconds,
        [1.5],
        {"ord_1": "confirmed"},
        cells={"orders.place.after_commit": 5},
    )


@pytest.mark.parametrize("seconds", [0.0, 20.0, 1500.0])
def test_it_shows_the_run_and_needs_nothing_from_elsewhere(tmp_path: Path, seconds: float) -> None:
    page = write_report(a_run(seconds), tmp_path).read_text()
    assert "No violation" in page
    assert "--plan mixed --seed 7 --minutes 3" in page
    assert "orders.place.after_commit" in page
    assert "cut orders-payments" in page
    assert not re.search(r"(src|href)=|https?://|@import|url\(", page)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 3
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_findings_come_first_and_are_escaped(tmp_path: Path) -> None:
    run = a_run(20)
    run.findings = ["order <1> has no money"]
    page = write_report(run, tmp_path).read_text()
    assert "1 violations" in page
    assert "order &lt;1&gt; has no money" in page
    facts = json.loads((tmp_path / "mixed-7.json").read_text())
    assert facts["findings"] == run.findings
    assert facts["faults"][0]["fault"]["target"] == "orders-payments"


def test_a_new_finding_is_said_with_the_faults_since_the_last_audit() -> None:
    run = a_run(20)
    run.audited = 1
    assert run.found([]) == []
    assert run.found(["order 1 has no money"]) == ["! order 1 has no money", "  after no fault"]
    kill = Happened(Fault(6.0, "kill", "orders.place.after_commit"), 6.0, 7.0)
    run.happened += [kill, Happened(Fault(8.0, "wipe", "nats"), 8.0, 9.0), kill]
    assert run.found(["order 1 has no money", "order 2 too"]) == [
        "! order 2 too",
        "  after kill orders.place.after_commit x2, wipe nats",
    ]
    assert run.findings == ["order 1 has no money", "order 2 too"]
