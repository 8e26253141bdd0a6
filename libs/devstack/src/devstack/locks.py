"""The lock files: every wheel with its hash, no address of anybody's package index."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from devstack.home import ROOT

RUNTIME = ROOT / "requirements.lock"
DEVELOPMENT = ROOT / "requirements-dev.lock"
_PROJECT = ROOT / "pyproject.toml"
_CLUSTER_TOOLS = ROOT / "tests/deploy/tools.lock"
_KUBECTL = ROOT / "tests/deploy/kubectl.lock"
_ADDRESS = re.compile(r"://|^\s*-(?:-|i\b|f\b|e\b)(?!-hash)", re.MULTILINE)


class LockError(Exception):
    """uv found no set of versions, or wrote what a lock may not hold."""


def write_locks(*, upgrade: bool = False) -> None:
    """Resolve again, keeping versions that still fit unless told to upgrade; raises LockError."""
    newest = ["--upgrade"] if upgrade else []
    _compile(_PROJECT, RUNTIME, newest)
    # The development's lock holds the runtime's at the same versions.
    _compile(_PROJECT, DEVELOPMENT, ["--group", "dev", "--constraint", RUNTIME.name, *newest])
    # What looks at k8s/ has environments of its own.
    _compile(_CLUSTER_TOOLS.with_suffix(".in"), _CLUSTER_TOOLS, newest)
    _compile(_KUBECTL.with_suffix(".in"), _KUBECTL, ["--no-deps", *newest])


@cache
def local_projects() -> dict[str, Path]:
    """Return the pyproject.toml of each package that lives in this repository, by its name."""
    projects = [
        ROOT / "protos/pyproject.toml",
        ROOT / "gateway/pyproject.toml",
        *ROOT.glob("libs/*/pyproject.toml"),
        *ROOT.glob("services/*/pyproject.toml"),
    ]
    return {tomllib.loads(path.read_text())["project"]["name"]: path for path in projects}


def _compile(source: Path, target: Path, extra: list[str]) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    command = [
        uv,
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--no-annotate",
        "--python-version",
        "3.11",
        *(f"--no-emit-package={name}" for name in sorted(local_projects())),
        str(source.relative_to(ROOT)),
        *extra,
        "-o",
        str(target.relative_to(ROOT)),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LockError(done.stderr.strip())
    lines = target.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("-e file:")) + "\n"
    target.write_text(text)
    if found := _ADDRESS.search(text.replace("--hash=", "")):
        raise LockError(f"{target.name} holds an address or an option: {found.group()!r}")
