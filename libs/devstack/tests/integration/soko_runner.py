"""Runs the soko command as somebody, on stub services, in folders of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack.databases import SERVICES
from devstack.home import Home
from devstack.nats import free_port
from devstack.report import StackReport, report
from devstack.state import ComponentState, read_state
from devstack.unprivileged import OrdinaryUser

STUB = Path(__file__).with_name("stub_process.py")
NAMES = {"postgres", "nats", "mail", "sandbox", *SERVICES, "gateway", "supervisor"}


@dataclass(frozen=True)
class Person:
    """Who runs the command, with which Python."""

    name: str
    python: str
    user: OrdinaryUser

    @property
    def ids(self) -> dict[str, Any]:
        if not self.user.changes:
            return {}
        return {"user": self.user.uid, "group": self.user.gid, "extra_groups": []}


def people() -> list[Person]:
    """Ourselves, and for root an ordinary user too where one can run Python and our packages."""
    own = OrdinaryUser(os.geteuid(), os.getegid(), changes=False)
    found = [Person("root" if own.uid == 0 else "ordinary user", sys.executable, own)]
    if own.uid == 0:
        nobody = pwd.getpwnam("nobody")
        other = OrdinaryUser(nobody.pw_uid, nobody.pw_gid, changes=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
            resolved = Path(python).resolve()
            reachable = all(map(other.can_reach, map(Path, module_folders())))
            if resolved.exists() and other.can_reach(resolved.parent) and reachable:
                found.append(Person("ordinary user", python, other))
                break
    return found


def module_folders() -> list[str]:
    """Where our packages and the installed ones are, for a Python that does not know it."""
    return [entry for entry in sys.path if "site-packages" in entry or entry.endswith("src")]


@dataclass
class Soko:
    """One home, and commands upon it."""

    person: Person
    folder: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def migrations(self) -> list[str]:
        try:
            return (self.folder / "migrations").read_text().splitlines()
        except FileNotFoundError:
            return []

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "SOKO_HOME": str(self.folder / "home"),
            "SOKO_HTTP_PORT": str(self.port),
            "PYTHONPATH": os.pathsep.join([str(self.folder / "stubs"), *module_folders()]),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The nursery takes a second of CPU to import what stubs do not need.
            "SOKO_FORK_SERVICES": "false",
            "STUB_MIGRATIONS": str(self.folder / "migrations"),
            **self.variables,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.person.python, "-P", "-m", "devstack", *arguments],
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self.person.ids,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; return its exit status and what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def up(self, *arguments: str) -> tuple[int, str]:
        return self.run("up", "--detach", "--no-demo", *arguments)

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")

    def report(self) -> StackReport:
        """What ``status`` would print, without a process of its own."""
        return report(self.home)

    def pids(self) -> dict[str, int]:
        return {entry.name: entry.pid for entry in self.report().services}

    def component(self, name: str) -> ComponentState:
        state = read_state(self.home)
        assert state is not None
        return next(entry for entry in state.components if entry.name == name)


@contextmanager
def soko(person: Person) -> Iterator[Soko]:
    """Give a home of its own with stubs for all services; end whatever runs in it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="soko-test-"))
    stubs = folder / "stubs"
    for name in (*SERVICES, "gateway"):
        (stubs / name).mkdir(parents=True)
        (stubs / name / "__init__.py").write_text("")
        (stubs / name / "__main__.py").write_text(
            f"import sys\nfrom stub_process import main\nmain({name!r}, sys.argv[1])\n"
        )
    shutil.copy(STUB, stubs)
    folder.chmod(0o755)
    if person.user.changes:
        os.chown(folder, person.user.uid, person.user.gid)
    runner = Soko(person, folder)
    try:
        yield runner
    finally:
        pids = runner.pids()
        for name in ("supervisor", *pids):
            if is_alive(pids.get(name, 0)):
                kill(pids[name])
        runner.home.wipe()
        shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
