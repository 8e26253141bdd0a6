"""The two versions: the present code, and what was released last, out of the history."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from devstack.home import ROOT

RELEASE = ROOT / "tests" / "contract" / "baseline" / "release"
"""Names the commit that was released last."""
PATCH = RELEASE.with_suffix(".patch")
"""What deployments of it need before they can be upgraded, if anything."""


@dataclass(frozen=True)
class Version:
    """Code that processes run."""

    name: str
    commit: str
    path: str
    """What PYTHONPATH has to be for it; empty for what is installed."""


NEW = Version("new", "", "")


def released(folder: Path) -> tuple[Version, list[str]]:
    """Unpack the version that was released last; return it with what has to be said of it loudly.

    A clone without the history that holds it asks for it. If nobody answers, the present code
    stands for it: then processes are replaced as ever, but by their like.
    """
    commit = RELEASE.read_text().strip()
    packed = _archive(commit)
    if packed is None:
        _git("fetch", "--quiet", "--depth=1", "origin", commit)
        packed = _archive(commit)
    if packed is None:
        return Version("old", "", ""), [
            f"THE RELEASED VERSION {commit[:12]} IS NOT IN THIS CLONE'S HISTORY, and cannot be"
            " fetched: the present code stands for it, so that no two versions meet"
        ]
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    if PATCH.exists():
        subprocess.run(["git", "apply", PATCH], cwd=folder, check=True)
    sources = [folder / "protos" / "gen", folder / "gateway" / "src"]
    sources += sorted(
        path for group in ("libs", "services") for path in folder.glob(f"{group}/*/src")
    )
    missing = _missing_packages(folder)
    said = [f"the released version runs with other packages: {', '.join(missing)}"] * bool(missing)
    return Version("old", commit[:12], ":".join(map(str, sources))), said


def _archive(commit: str) -> bytes | None:
    done = _git("archive", "--format=tar", commit)
    return done.stdout if done.returncode == 0 else None


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    unattended = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False, env=unattended
    )


def _missing_packages(old: Path) -> list[str]:
    """Return the packages that the released version locks, and the present one locks otherwise."""
    return sorted(_locked(old) - _locked(ROOT))


def _locked(root: Path) -> set[str]:
    lines = (root / "requirements.lock").read_text().splitlines()
    return {line.split()[0] for line in lines if "==" in line}
