"""Planted defects: what the checks are there to catch, each of them caught by one.

A mutant changes a copy of a package, which then comes first on the Python path of a test or of a
stack; the shipped sources never hold it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devstack.home import ROOT

_TEST_S = 300.0


@dataclass(frozen=True)
class Edit:
    """A text of a source file, which is there once, and what the mutant has instead."""

    file: str
    text: str
    instead: str


@dataclass(frozen=True)
class Mutant:
    """A defect, and the cheapest check that has to catch it."""

    name: str
    means: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...] = ()
    """Tests of which one has to fail; without any, a load and its audit have to find something."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """What the buyers of the load do, by weight; empty for everything."""
    cells: tuple[str, ...] = ()
    """Failpoints at which a process has to die under the load."""


class StaleMutantError(Exception):
    """A source changed, so that an edit does not fit any more: plant the defect anew."""


def packages(mutant: Mutant) -> set[Path]:
    """Return the package folders that a mutant changes, relative to the repository."""
    found = set()
    for edit in mutant.edits:
        parts = Path(edit.file).parts
        found.add(Path(*parts[: parts.index("src") + 2]))
    return found


def mutated(edit: Edit, source: str) -> str:
    """Return a source with its defect; raises StaleMutantError."""
    if source.count(edit.text) != 1:
        raise StaleMutantError(f"{edit.file} has {source.count(edit.text)}x {edit.text!r}")
    return source.replace(edit.text, edit.instead)


def plant(mutant: Mutant, folder: Path) -> Path:
    """Copy the packages that the mutant changes into a folder, and change them there."""
    shutil.rmtree(folder, ignore_errors=True)
    for package in packages(mutant):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package.name, ignore=ignored)
    for edit in mutant.edits:
        parts = Path(edit.file).parts
        place = folder.joinpath(*parts[parts.index("src") + 1 :])
        place.write_text(mutated(edit, place.read_text()))
    return folder


def failing_test(mutant: Mutant, folder: Path) -> str:
    """Run a planted mutant's tests; return what failed, or nothing when it survived."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "--no-header", "-pno:cacheprovider", *mutant.tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=_TEST_S,
        check=False,
    )
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: pytest did not run:\n{ran.stdout[-2000:]}{ran.stderr}")
    return failed[0].removeprefix("FAILED ") if failed else ""
