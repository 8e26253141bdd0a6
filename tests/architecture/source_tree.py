"""The Python source of the repository as the architecture tests look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("identity", "catalog", "orders", "payments", "notifications")
SOURCES = {
    "auditor": ROOT / "libs/auditor/src",
    "chassis": ROOT / "libs/chassis/src",
    "devstack": ROOT / "libs/devstack/src",
    "sandbox_provider": ROOT / "libs/sandbox_provider/src",
    "simulators": ROOT / "libs/simulators/src",
    "gateway": ROOT / "gateway/src",
    **{name: ROOT / "services" / name / "src" for name in SERVICES},
}


@dataclass(frozen=True)
class Module:
    """One source file."""

    package: str
    path: Path

    @property
    def name(self) -> str:
        """Dotted name, such as ``orders.domain.order``."""
        parts = self.path.relative_to(SOURCES[self.package]).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def layer(self) -> str:
        """The folder below the package (domain, app, ...), or the file's own name."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.path.read_text(), str(self.path))

    def imports(self) -> Iterator[str]:
        """Give the dotted names of all that it imports, inside functions too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules(*packages: str) -> list[Module]:
    """Return the source files of some packages, of all without arguments."""
    return [
        Module(package, path)
        for package in packages or SOURCES
        for path in sorted(SOURCES[package].rglob("*.py"))
    ]


def test_files() -> list[Path]:
    """Return every Python file under a tests folder."""
    roots = [ROOT / "tests", ROOT / "libs", ROOT / "gateway", ROOT / "services"]
    return sorted(path for root in roots for path in root.rglob("*.py") if "tests" in path.parts)


test_files.__test__ = False  # type: ignore[attr-defined]
