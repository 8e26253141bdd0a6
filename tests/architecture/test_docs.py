"""What the documents name exists: files, headings, commands and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from catalog.settings import Settings as CatalogSettings
from chassis.settings import ProcessSettings
from devstack.cli import app
from gateway.settings import GatewaySettings
from identity.settings import IdentitySettings
from notifications.settings import Settings as NotificationsSettings
from orders.settings import OrdersSettings
from payments.settings import PaymentsSettings
from tests.architecture.source_tree import ROOT, modules
from tests.architecture.test_tidy import tracked_files

PAGES = sorted(path for path in tracked_files() if path.suffix == ".md")
READERS: dict[str, type[ProcessSettings]] = {
    "gateway": GatewaySettings,
    "identity": IdentitySettings,
    "catalog": CatalogSettings,
    "orders": OrdersSettings,
    "payments": PaymentsSettings,
    "notifications": NotificationsSettings,
}
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_COMMAND = re.compile(r"\./soko ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)")
_ROW = re.compile(r"^\| `(SOKO_\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
_VARIABLE = re.compile(r"\bSOKO_[A-Z0-9]+(?:_[A-Z0-9]+)*\b")
OF_TESTS = {
    "SOKO_CONTAINER_TESTS",
    "SOKO_FUZZ_EXAMPLES",
    "SOKO_FUZZ_SEED",
    "SOKO_SIMULATION_EXAMPLES",
    "SOKO_WIRING",
}
OF_THE_BENCH = {"SOKO_PATHS", "SOKO_RUN", "SOKO_UNCACHED", "SOKO_VARIANTS"}


def prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Return what GitHub makes of a page's headings."""
    found: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", text).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        is_page = target.suffix == ".md" and target.is_file()
        if not target.exists() or (anchor and is_page and anchor not in anchors(target)):
            wrong.append(link)
    assert not wrong


def commands() -> set[str]:
    group = typer.main.get_group(app)
    found = set(group.commands)
    for name, command in group.commands.items():
        found |= {f"{name} {each}" for each in getattr(command, "commands", {})}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_exists(page: Path) -> None:
    known = commands()
    groups = {name.split()[0] for name in known if " " in name}
    for said in _COMMAND.findall(page.read_text(encoding="utf-8")):
        first = said.split()[0]
        assert first in known, said
        assert first not in groups or said in known, said


class Row(NamedTuple):
    variable: str
    readers: str
    default: str
    meaning: str


def rows() -> list[Row]:
    return [Row(*each) for each in _ROW.findall((ROOT / "docs" / "settings.md").read_text())]


def fields() -> Iterator[tuple[str, str, Any]]:
    """Give variable, process and default of every setting."""
    for process, settings in READERS.items():
        for name, field in settings.model_fields.items():
            yield f"SOKO_{name.upper()}", process, field


def written(field: Any) -> str:
    """Return a default as the table has it."""
    default = field.default
    if default is PydanticUndefined:
        return "" if field.default_factory else "required"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default is None or default == "":
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_every_setting_is_in_the_table_once_with_readers_and_default() -> None:
    table = {row.variable: row for row in rows()}
    assert len(table) == len(rows())
    readers: dict[str, list[str]] = {}
    for variable, process, field in fields():
        readers.setdefault(variable, []).append(process)
        assert variable in table, f"docs/settings.md does not tell {variable}"
        default = written(field)
        assert default in ("", table[variable].default), f"{variable} is {default} in {process}"
    for variable, processes in readers.items():
        said = "all" if len(processes) == len(READERS) else ", ".join(processes)
        assert table[variable].readers == said, variable


def test_every_variable_that_is_told_is_read() -> None:
    read = {name for module in modules() for name in _VARIABLE.findall(module.path.read_text())}
    read |= set(_VARIABLE.findall((ROOT / "soko").read_text()))
    settings = {variable for variable, _, _ in fields()}
    assert {row.variable for row in rows()} <= read | settings
    pages = {name for page in PAGES for name in _VARIABLE.findall(page.read_text())}
    of_compose = set(_VARIABLE.findall((ROOT / "docker-compose.yml").read_text()))
    unknown = pages - {row.variable for row in rows()} - OF_TESTS - of_compose
    assert not {name.removesuffix("_FILE") for name in unknown} - settings
    undocumented = read - {row.variable for row in rows()} - OF_TESTS - OF_THE_BENCH
    assert undocumented <= {"SOKO_MPESA"}


def test_the_guide_names_every_image_of_a_third_party() -> None:
    files = [*ROOT.glob("docker-compose.yml"), *(ROOT / "k8s").rglob("*.yaml")]
    lines = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = re.findall(
        r"^ *-? *image(?:Name)?: +(?:\$\{[A-Z_]+:-)?([\w./-]+):", lines, re.MULTILINE
    )
    others = {name for name in named if not name.startswith("soko-")}
    guide = prose(ROOT / "docs" / "operations.md").partition("## What was not run here")[2]
    assert others
    assert others <= set(re.findall(r"`([\w./-]+)`", guide))
