"""Known vulnerabilities of the locked packages, asked of the package index by pip-audit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.home import ROOT
from devstack.locks import DEVELOPMENT

_TIMEOUT_S = 300


@dataclass(frozen=True)
class Verdict:
    """What is known of the locked packages."""

    findings: Sequence[str]
    """A line for each known vulnerability."""
    unanswered: str
    """Why it could not be asked about all of them; empty if it was."""


def look_up_vulnerabilities() -> Verdict:
    """Ask about every locked package."""
    command = [
        str(Path(sys.executable).parent / "pip-audit"),
        *("--disable-pip", "--require-hashes", "--requirement", str(DEVELOPMENT)),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return Verdict([], f"no answer within {_TIMEOUT_S} s")
    return verdict_of(done.stdout, done.stderr)


def verdict_of(said: str, complained: str) -> Verdict:
    """Return what pip-audit's report means.

    It ends with 1 both for findings and for a service that it cannot reach, and with 0 where the
    service knows none of the packages, as a mirror does: only the report tells these apart.
    """
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict([], complained.strip().rpartition("\n")[2] or "pip-audit said nothing")
    findings = [
        f"{package['name']} {package['version']}: {known['id']}, mended in "
        + (", ".join(known["fix_versions"]) or "no version yet")
        for package in packages
        for known in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if not skipped and packages:
        return Verdict(findings, "")
    return Verdict(
        findings, f"the package index tells nothing of {len(skipped)} of {len(packages)} packages"
    )
