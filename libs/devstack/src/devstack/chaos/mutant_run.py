"""``./soko chaos --mutants``: plants each defect and tells what caught it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from devstack.chaos.mutants import MUTANTS
from devstack.chaos.planting import Mutant, failing_test, plant
from devstack.chaos.run import run_load
from devstack.chaos.session import Say


def run_mutants(folder: Path, only: Sequence[str], say: Say) -> list[str]:
    """Run each mutant's check; return the names of those that nothing caught.

    ``only`` are words of the names to run; all when empty.
    """
    chosen = [m for m in MUTANTS if not only or any(word in m.name for word in only)]
    survivors = []
    for mutant in chosen:
        caught = _caught_by(mutant, folder)
        verdict = f"caught: {caught}" if caught else "SURVIVED"
        say(f"{mutant.name:<24} {mutant.means}\n{'':<24} {verdict}")
        if not caught:
            survivors.append(mutant.name)
    say(f"\n{len(chosen) - len(survivors)} of {len(chosen)} mutants caught")
    return survivors


def _caught_by(mutant: Mutant, folder: Path) -> str:
    """Return the first thing that told of the defect, or nothing."""
    planted = plant(mutant, folder.with_name("mutant"))
    try:
        if mutant.tests:
            return failing_test(mutant, planted)
        findings = asyncio.run(run_load(folder, mutant, planted, lambda _: None)).findings
        # What is wrong says more than what is unfinished; what is only late may be the machine's.
        telling = [each for each in findings if not each.startswith("quiet only")]
        telling.sort(key=lambda finding: finding.startswith(("not finished", "buyer")))
        return telling[0] if telling else ""
    finally:
        shutil.rmtree(planted)
