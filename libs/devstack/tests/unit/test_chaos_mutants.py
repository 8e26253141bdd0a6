"""Each mutant still fits the source that it mutates."""

from pathlib import Path

import pytest

from devstack.chaos.mutants import MUTANTS
from devstack.chaos.planting import Edit, Mutant, StaleMutantError, mutated, plant
from devstack.chaos.points import cells
from devstack.home import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits(mutant: Mutant) -> None:
    for edit in mutant.edits:
        source = (ROOT / edit.file).read_text()
        assert mutated(edit, source) != source
    assert all((ROOT / test).exists() for test in mutant.tests)
    assert set(mutant.cells) <= {".".join(cell) for cell in cells()}


def test_there_are_enough_and_each_has_its_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12


def test_planting_changes_a_copy_alone(tmp_path: Path) -> None:
    file = "libs/chassis/src/chassis/failpoints.py"
    before = (ROOT / file).read_text()
    edits = (Edit(file, '".fired"', '".gone"'), Edit(file, "SIGKILL)", "SIGTERM)"))
    planted = plant(Mutant("x", "", edits), tmp_path / "mutant")
    changed = (planted / "chassis" / "failpoints.py").read_text()
    assert '".gone"' in changed
    assert "SIGTERM)" in changed
    assert (planted / "chassis" / "relay.py").exists()
    assert (ROOT / file).read_text() == before
    with pytest.raises(StaleMutantError):
        mutated(Edit(file, "no such text", ""), before)
