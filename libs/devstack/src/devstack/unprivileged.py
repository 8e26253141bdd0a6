"""The ordinary user that PostgreSQL needs when root starts it, and which folders it can reach."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

SHELTERS = (Path("/var/lib/soko"), Path("/opt/soko"))
"""Where root puts what its own folders would hide from the ordinary user."""


@dataclass(frozen=True)
class OrdinaryUser:
    """A user that PostgreSQL runs as."""

    uid: int
    gid: int
    changes: bool
    """Whether it is another user than the one that runs us."""

    @property
    def ids(self) -> tuple[int, int] | None:
        """Return uid and gid to change to, or None to stay who we are."""
        return (self.uid, self.gid) if self.changes else None

    def can_reach(self, folder: Path) -> bool:
        """Tell whether the user may enter a folder, or the nearest one above it that exists."""
        path = folder.resolve()
        while not path.exists():
            path = path.parent
        return all(self._may_enter(parent) for parent in (path, *path.parents))

    def own(self, folder: Path) -> None:
        """Give a folder that we have just made to the user, closed to others."""
        folder.chmod(0o700)
        if self.changes:
            os.chown(folder, self.uid, self.gid)

    def _may_enter(self, folder: Path) -> bool:
        entry = folder.stat()
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & stat.S_IXUSR)
        if entry.st_gid == self.gid:
            return bool(entry.st_mode & stat.S_IXGRP)
        return bool(entry.st_mode & stat.S_IXOTH)


def ordinary_user(data: Path | None = None) -> OrdinaryUser:
    """Return ourselves, or for root the user ``postgres`` or else ``nobody``.

    When root starts what an ordinary user has made, the owner of ``data`` goes on with it.
    Raises RuntimeError when root's machine has neither user.
    """
    if os.geteuid() != 0:
        return OrdinaryUser(os.geteuid(), os.getegid(), changes=False)
    if data is not None and data.exists() and (owner := data.stat()).st_uid != 0:
        return OrdinaryUser(owner.st_uid, owner.st_gid, changes=True)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return OrdinaryUser(entry.pw_uid, entry.pw_gid, changes=True)
    raise RuntimeError(
        "PostgreSQL does not run as root, and this machine has neither the user postgres"
        " nor nobody: add one with 'useradd --system postgres', or run soko as an ordinary user"
    )


def make_shelter(folder: Path) -> bool:
    """Make a folder that everybody can enter, unless it is there; tell whether we can write to it.

    One that is there is left as it is, for it need not be ours.
    """
    try:
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
