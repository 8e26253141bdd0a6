"""What each image installs: its own part of requirements.lock, as files in requirements/.

The parts are cut from the lock and resolved by nobody again: an image holds what was tested.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devstack.databases import SERVICES
from devstack.home import ROOT
from devstack.locks import RUNTIME, LockError, local_projects

FOLDER = ROOT / "requirements"
IMAGES: Final[Mapping[str, str]] = {
    name: f"soko-{name.replace('_', '-')}" for name in ("gateway", *SERVICES, "sandbox_provider")
}
"""The package that each image runs."""

_BUILD = "build"
"""The lock of what makes wheels of our own packages."""
_BACKEND = "hatchling"
_TARGETS: Final = tuple(
    {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": "3.13.0",
        "python_version": "3.13",
        "sys_platform": "linux",
    }
    for machine in ("x86_64", "aarch64")
)
"""Where images run."""


def exports() -> dict[Path, str]:
    """Return every image's lock as it has to be; raises LockError when the lock lacks a package."""
    lock = blocks(RUNTIME.read_text())
    wanted = {image: packages_of(distribution) for image, distribution in IMAGES.items()}
    wanted[_BUILD] = packages_of(_BACKEND)
    return {
        FOLDER / f"{name}.lock": "".join(_pinned(lock, package) for package in sorted(packages))
        for name, packages in wanted.items()
    }


def write_exports() -> None:
    """Write requirements/ anew; raises LockError."""
    FOLDER.mkdir(exist_ok=True)
    wanted = exports()
    for path in FOLDER.glob("*.lock"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.write_text(text)


def stale_exports() -> list[str]:
    """Return the names of files in requirements/ that are not as they have to be."""
    wanted = exports()
    found = {path: path.read_text() for path in FOLDER.glob("*.lock")}
    return sorted(
        str(path.relative_to(ROOT))
        for path in {*wanted, *found}
        if wanted.get(path) != found.get(path)
    )


def packages_of(distribution: str) -> set[str]:
    """Return all packages of others that one of ours or of others needs on images, itself too."""
    return set(needs_of(distribution)) - set(local_projects())


def needs_of(distribution: str) -> dict[str, set[str]]:
    """Return all packages that one needs on images, itself too, with what each of them needs."""
    found: dict[str, set[str]] = {}
    waiting, seen = {_canonical(Requirement(distribution))}, set[Requirement]()
    while waiting:
        requirement = waiting.pop()
        seen.add(requirement)
        needed = set(_needed(requirement))
        found.setdefault(requirement.name, set()).update(each.name for each in needed)
        waiting |= needed - seen
    return found


def _needed(requirement: Requirement) -> Iterator[Requirement]:
    for text in _requirements_of(requirement.name):
        needed = Requirement(text)
        extras = ("", *requirement.extras)
        environments = [{**target, "extra": extra} for target in _TARGETS for extra in extras]
        if needed.marker is None or any(map(needed.marker.evaluate, environments)):
            yield _canonical(needed)


def _canonical(requirement: Requirement) -> Requirement:
    """Return what it names, whatever the version: the lock has one of each."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return Requirement(canonicalize_name(requirement.name) + extras)


def _requirements_of(name: str) -> Iterable[str]:
    ours = local_projects()
    if name in ours:
        listed: list[str] = tomllib.loads(ours[name].read_text())["project"]["dependencies"]
        return listed
    try:
        return metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        raise LockError(f"{name} is not installed, so what it needs is not known") from None


def blocks(lock: str) -> dict[str, str]:
    """Return the lines of each package in a lock, hashes included."""
    found: dict[str, str] = {}
    for block in re.split(r"^(?=\S)", lock, flags=re.MULTILINE):
        if block.strip():
            name = canonicalize_name(block.partition("==")[0])
            found[name] = found.get(name, "") + block
    return found


def _pinned(lock: Mapping[str, str], package: str) -> str:
    if package not in lock:
        raise LockError(f"{RUNTIME.name} does not hold {package}: ./soko lock")
    return lock[package]
