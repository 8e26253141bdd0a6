"""``soko check``: everything that can be said about the code without running it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack import migration_rules, protos
from devstack.home import ROOT
from devstack.image_locks import stale_exports
from devstack.locks import LockError
from devstack.vulnerabilities import look_up_vulnerabilities

_BASELINE = "tests/contract/baseline.binpb"
_PACKAGES = (
    "auditor",
    "chassis",
    "devstack",
    "sandbox_provider",
    "simulators",
    "gateway",
    "identity",
    "catalog",
    "orders",
    "payments",
    "notifications",
)


@dataclass(frozen=True)
class Check:
    """One thing that is looked at."""

    title: str
    run: Callable[[], str]
    """Return what is wrong, nothing if all is well."""
    advice: str = ""


def run_checks(*, audit: bool = False) -> list[str]:
    """Run every check, a line for each; return the titles of those that failed.

    ``audit`` asks the package index for known vulnerabilities besides.
    """
    failed = []
    for check in _checks():
        started = time.monotonic()
        trouble = check.run()
        mark = "FAILED" if trouble else "ok"
        print(f"{check.title:<34} {mark:<7} {time.monotonic() - started:5.1f} s", flush=True)
        if trouble:
            failed.append(check.title)
            print(_indented(trouble), flush=True)
            if check.advice:
                print(f"    -> {check.advice}", flush=True)
    if audit:
        failed += _audit()
    return failed


def _audit() -> list[str]:
    """Tell known vulnerabilities; not to be able to ask is told loudly, and is no failure."""
    title = "known vulnerabilities"
    verdict = look_up_vulnerabilities()
    mark = "FAILED" if verdict.findings else "NOT ASKED" if verdict.unanswered else "ok"
    print(f"{title:<34} {mark}", flush=True)
    for finding in verdict.findings:
        print(_indented(finding), flush=True)
    if verdict.unanswered:
        print(f"    COULD NOT ASK: {verdict.unanswered}. This says nothing of them.", flush=True)
    return [title] if verdict.findings else []


def _checks() -> list[Check]:
    ruff, buf = _tool("ruff"), _tool("buf")
    sources = [".", "soko"]
    packages = [word for name in _PACKAGES if _exists(name) for word in ("-p", name)]
    mypy = [sys.executable, "-m", "mypy", "--no-error-summary", *packages]
    sought = ["--quiet", "--severity-level", "medium", "--configfile", "pyproject.toml"]
    shipped = ["soko", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/src"))]
    shipped += sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("*/*/src"))
    tests = [sys.executable, "-m", "pytest", "-q", "--no-header", "tests/architecture"]
    told = [*tests[:-1], "tests/contract/test_asyncapi.py"]
    access = [*tests[:-1], "tests/security/test_table.py"]
    openapi = [*tests[:-1], "tests/contract/test_openapi.py"]
    return [
        Check("format", _command(ruff, "format", "--check", *sources), "./soko fmt"),
        Check("lint", _command(ruff, "check", "--quiet", *sources), "./soko fmt mends some"),
        Check("types", _command(*mypy)),
        Check("security", _command(_tool("bandit"), *sought, "--recursive", *shipped)),
        Check("generated code is current", _stale_protos, "./soko protos"),
        Check("images' locks are current", _stale_image_locks, "./soko lock"),
        Check("contract: lint", _command(buf, "lint", "protos")),
        Check("contract: no breaking change", _breaking),
        Check("contract: OpenAPI", _command(*openapi), "docs/upgrades.md"),
        Check("migrations: expand first", _migrations, "docs/upgrades.md"),
        Check("contract: what is told", _command(*told), "tests/contract/test_asyncapi.py"),
        Check("architecture", _command(*tests)),
        Check("who may call what", _command(*access), "tests/security/authorization.txt"),
    ]


def _command(*command: str) -> Callable[[], str]:
    def run() -> str:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return ""
        said = f"{done.stdout.strip()}\n{done.stderr.strip()}".strip()
        return said or f"{Path(command[0]).name} ended with status {done.returncode}"

    return run


def _stale_protos() -> str:
    try:
        return "\n".join(protos.stale())
    except protos.ProtocError as error:
        return str(error)


def _stale_image_locks() -> str:
    try:
        return "\n".join(stale_exports())
    except LockError as error:
        return str(error)


def _breaking() -> str:
    if not (ROOT / _BASELINE).exists():
        return f"{_BASELINE} is missing: buf build protos -o {_BASELINE}"
    return _command(_tool("buf"), "breaking", "protos", "--against", _BASELINE)()


def _migrations() -> str:
    return "\n".join(migration_rules.violations())


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _exists(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
