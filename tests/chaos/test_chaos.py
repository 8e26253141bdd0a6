"""A short slice of chaos: some cells of the kill matrix, some of each fault, some mutants."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

CELLS = (
    "orders.place.after_commit",
    "catalog.reserve.after_commit",
    "payments.authorize.after_provider",
    "orders.settle.after_allocation",
)


def chaos(home: Path, *arguments: str) -> tuple[int, str]:
    """Run a slice; return its status and what it printed."""
    ran = subprocess.run(
        [
            str(ROOT / "soko"),
            "chaos",
            "--promise",
            "140",
            "--output",
            str(home / "results"),
            *arguments,
        ],
        env={**os.environ, "SOKO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_processes_die_at_failpoints_and_nothing_is_wrong(tmp_path: Path) -> None:
    only = [word for cell in CELLS for word in ("--only", cell)]
    status, printed = chaos(tmp_path, "--plan", "kill", "--seed", "1", *only)
    assert status == 0, printed
    facts = json.loads((tmp_path / "results" / "kill-1.json").read_text())
    assert facts["cells"] == dict.fromkeys(CELLS, 1)
    assert facts["orders"]["confirmed"] > 10
    assert (tmp_path / "results" / "kill-1.html").exists()


@pytest.mark.parametrize(("plan", "seed"), [("mixed", 6)])
def test_all_kinds_of_faults_leave_nothing_wrong(tmp_path: Path, plan: str, seed: int) -> None:
    status, printed = chaos(tmp_path, "--plan", plan, "--seed", str(seed), "--minutes", "0.5")
    assert status == 0, printed
    facts = json.loads((tmp_path / "results" / f"{plan}-{seed}.json").read_text())
    assert len(facts["faults"]) > 2


def test_planted_defects_are_caught(tmp_path: Path) -> None:
    status, printed = chaos(tmp_path, "--mutants", "--only", "pay-back", "--only", "settle-order")
    assert status == 0, printed
    assert "2 of 2 mutants caught" in printed


def test_every_process_is_replaced_and_nobody_notices(tmp_path: Path) -> None:
    arguments = ("--plan", "upgrade", "--seed", "1", "--minutes", "0.3", "--rate", "5")
    status, printed = chaos(tmp_path, *arguments)
    assert status == 0, printed
    facts = json.loads((tmp_path / "results" / "upgrade-1.json").read_text())
    assert len(facts["replaced"]) == 9
    assert facts["requests"] > 500
    assert facts["orders"]["confirmed"] > 20
