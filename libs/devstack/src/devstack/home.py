"""Where a stack keeps its things: ``SOKO_HOME`` for what stays, a short folder for its sockets."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from devstack.unprivileged import SHELTERS, OrdinaryUser, make_shelter

ROOT = Path(__file__).resolve().parents[4]
"""The repository: the packages are installed from it, editable."""


class HomeError(Exception):
    """The folders that a stack needs cannot be made."""


@dataclass(frozen=True)
class Home:
    """One stack's folders. Two homes are two stacks that know nothing of each other."""

    folder: Path

    @classmethod
    def of_environment(cls) -> Home:
        """Return the folder that SOKO_HOME names, by default ``.soko`` in the repository."""
        named = os.environ.get("SOKO_HOME")
        return cls(Path(named).expanduser().absolute() if named else ROOT / ".soko")

    @property
    def logs(self) -> Path:
        """The folder of ``<service>.log``."""
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        """The folder of generated secrets, one file each."""
        return self.folder / "secrets"

    @property
    def mail(self) -> Path:
        """The folder of the mails that arrived."""
        return self.folder / "mail"

    @property
    def media(self) -> Path:
        """The folder of pictures."""
        return self.folder / "media"

    @property
    def sandbox_log(self) -> Path:
        """What the sandbox provider knows."""
        return self.folder / "sandbox" / "log.sqlite3"

    @property
    def nats(self) -> Path:
        """The folder of JetStream's store."""
        return self.folder / "nats"

    @property
    def state_file(self) -> Path:
        """What the supervisor tells of itself, for other commands and for a later start."""
        return self.folder / "state.json"

    @property
    def lock_file(self) -> Path:
        """Locked for as long as a supervisor lives."""
        return self.folder / "lock"

    @property
    def demo_marker(self) -> Path:
        """Exists once the demo data is complete."""
        return self.folder / "demo-loaded"

    @property
    def unfinished_restore(self) -> Path:
        """Exists while a backup is being restored: what is here then is only a part of it."""
        return self.folder / "unfinished-restore"

    @property
    def has_data(self) -> bool:
        """Whether there is a database."""
        return any((self.folder / name).exists() for name in ("postgres", "postgres-folder"))

    @property
    def runtime(self) -> Path:
        """The folder of sockets: short, because a socket's path has at most 107 bytes."""
        key = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:8]
        # The folder in it is refused unless it is ours alone.
        base = Path("/tmp")  # nosec B108
        if not os.access(base, os.W_OK):
            base = Path(tempfile.gettempdir())
        return base / f"soko-{os.geteuid()}-{key}"

    @property
    def postgres_socket_folder(self) -> Path:
        """Beside the runtime folder, not in it: PostgreSQL may run as another user."""
        return self.runtime.with_name(self.runtime.name + "-pg")

    def prepare(self) -> None:
        """Make the folders. Raises HomeError when they cannot be made or are not ours."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._restrict()
            for folder in (
                self.logs,
                self.secrets,
                self.mail,
                self.media,
                self.nats,
                self.sandbox_log.parent,
            ):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
            self._prepare_runtime()
        except PermissionError as error:
            raise HomeError(
                f"{error.filename} cannot be written by this user:"
                " set SOKO_HOME to a folder of your own"
            ) from error
        except OSError as error:
            raise HomeError(f"{error.filename}: {error.strerror}") from error

    def postgres_folder(self, user: OrdinaryUser) -> Path:
        """Return the folder of the database, whose parents the given user can enter.

        It is in the home when that user gets there, and elsewhere otherwise (a home under /root);
        the home then remembers where.
        """
        pointer = self.folder / "postgres-folder"
        if pointer.exists():
            return Path(pointer.read_text().strip())
        inside = self.folder / "postgres"
        if user.can_reach(self.folder):
            inside.mkdir(exist_ok=True)
            inside.chmod(0o711 if user.changes else 0o700)
            return inside
        # Not below /tmp, which a reboot may empty.
        for base in SHELTERS:
            if make_shelter(base) and user.can_reach(base):
                outside = base / f"database-{uuid4().hex[:12]}"
                outside.mkdir()
                outside.chmod(0o711)
                pointer.write_text(f"{outside}\n")
                return outside
        raise HomeError(
            "PostgreSQL runs as another user than root, who cannot reach"
            f" {self.folder}: set SOKO_HOME to a folder outside of /root"
        )

    def wipe(self) -> None:
        """Remove all that a stack put into its folders, the database first of all."""
        pointer = self.folder / "postgres-folder"
        if pointer.exists():
            shutil.rmtree(pointer.read_text().strip(), ignore_errors=True)
            pointer.unlink()
        sandbox = self.sandbox_log.parent
        folders = (self.logs, self.secrets, self.mail, self.media, self.nats, sandbox)
        for folder in (self.folder / "postgres", *folders):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (self.state_file, self.demo_marker):
            file.unlink(missing_ok=True)
        self.clear_runtime()

    def clear_runtime(self) -> None:
        """Remove the folders of sockets, once nobody listens there any more."""
        for folder in (self.runtime, self.postgres_socket_folder):
            shutil.rmtree(folder, ignore_errors=True)

    def _restrict(self) -> None:
        """Close the home to others, but let PostgreSQL's user pass through when root starts it."""
        if self.folder.stat().st_uid == os.geteuid():
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def _prepare_runtime(self) -> None:
        """Make the runtime folder; anybody can make folders in /tmp, so it is looked at closely."""
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        entry = self.runtime.lstat()
        if (
            not stat.S_ISDIR(entry.st_mode)
            or entry.st_uid != os.geteuid()
            or stat.S_IMODE(entry.st_mode) & 0o077
        ):
            raise HomeError(f"{self.runtime} belongs to somebody else: remove it")
        sockets = self.postgres_socket_folder
        if sockets.is_symlink() or (sockets.exists() and not self._may_own(sockets.stat().st_uid)):
            raise HomeError(f"{sockets} belongs to somebody else: remove it")

    @staticmethod
    def _may_own(uid: int) -> bool:
        from devstack.unprivileged import ordinary_user

        return uid in {os.geteuid(), ordinary_user().uid}
