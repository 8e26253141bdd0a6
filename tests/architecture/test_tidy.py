"""Style that nothing enforces does not exist: each rule of the house is a test here."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, SERVICES, modules, test_files

MOST_FUNCTION_LINES = 70
MOST_FILE_LINES = 450
GRAB_BAGS = {"common", "helpers", "manager", "misc", "util", "utils"}
PACKAGES_WITH_README = [
    "gateway",
    "libs/auditor",
    "libs/chassis",
    "libs/devstack",
    "libs/sandbox_provider",
    "libs/simulators",
    *(f"services/{name}" for name in SERVICES),
]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and "gen" not in path.parts]


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{module.name}.{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MOST_FUNCTION_LINES
    ]
    assert not long


def test_files_hold_one_thing() -> None:
    long = [
        f"{module.name}: {lines} lines"
        for module in modules()
        if (lines := len(module.path.read_text().splitlines())) > MOST_FILE_LINES
    ]
    assert not long


def test_no_file_is_a_grab_bag() -> None:
    assert not [module.name for module in modules() if module.path.stem in GRAB_BAGS]


def test_the_present_is_an_input() -> None:
    clock_reads = re.compile(r"\b(datetime\.(now|utcnow|today)|time\.time|date\.today)\(")
    readers = [
        f"{module.name}: {line.strip()}"
        for module in modules(*SERVICES)
        if module.layer in {"domain", "app"}
        for line in module.path.read_text().splitlines()
        if clock_reads.search(line)
    ]
    assert not readers


def test_no_test_sleeps_or_is_skipped() -> None:
    forbidden = re.compile(r"\b(asyncio|time)\.sleep\((?!0\))|pytest\.(mark\.)?(skip|xfail)")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in test_files()
        if path.name != Path(__file__).name
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert not found


def test_every_module_is_used() -> None:
    """A module that nothing imports and nobody runs, by its name in a command, is dead."""
    imported = {name for module in modules() for name in module.imports()}
    source = "\n".join(module.path.read_text() for module in modules())
    entered = {"__main__", "__init__", "env", "testing"}
    unused = [
        module.name
        for module in modules()
        if module.path.stem not in entered
        # Tests are all that uses a simulator.
        and module.package != "simulators"
        and "versions" not in module.path.parts
        and module.name not in imported
        and f'"{module.name}' not in source
    ]
    assert not unused


def test_every_exception_to_a_security_rule_says_why() -> None:
    """Ruff's on the line itself; bandit's on the line above, for it reads what follows as rules."""
    unexplained = []
    for module in modules():
        before = ""
        for line in module.path.read_text().splitlines():
            ruffs, bandits = re.search(r"noqa: S\d+\b(?! - \w)", line), "# nosec" in line
            if ruffs or (bandits and not before.strip().startswith("#")):
                unexplained.append(f"{module.name}: {line.strip()}")
            before = line
    assert not unexplained


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.suffix in {".py", ".proto", ".md", ".toml", ".html", ".sql"}
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert not found


@pytest.mark.parametrize("folder", PACKAGES_WITH_README)
def test_a_package_says_what_it_owns(folder: str) -> None:
    readme = ROOT / folder / "README.md"
    assert readme.is_file()
    assert len(readme.read_text().splitlines()) <= 40


def test_no_migration_needs_more_than_the_embedded_database_has() -> None:
    """The embedded PostgreSQL brings plpgsql and vector, and no other extension."""
    needed = re.compile(r"create\s+extension(?:\s+if\s+not\s+exists)?\s+\"?(\w+)", re.IGNORECASE)
    found = [
        f"{module.name}: {match[1]}"
        for module in modules(*SERVICES)
        for match in needed.finditer(module.path.read_text())
        if match[1] not in {"vector", "plpgsql"}
    ]
    assert not found


def test_locks_write_no_address() -> None:
    for path in (*ROOT.glob("requirements*.lock"), *ROOT.glob("requirements/*.lock")):
        text = path.read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text


def test_the_python_version_is_the_same_everywhere() -> None:
    wanted = {re.search(r'requires-python = "(.+)"', path.read_text()) for path in _projects()}
    assert {match[1] for match in wanted if match} == {">=3.11"}


def _projects() -> list[Path]:
    return [
        ROOT / "pyproject.toml",
        *ROOT.glob("*/pyproject.toml"),
        *ROOT.glob("*/*/pyproject.toml"),
    ]
