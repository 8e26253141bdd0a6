"""Services with one start of the interpreter for all of them.

Most of a service's start is importing what every service imports: a second of CPU, five times. The
nursery imports it once, forks the services and ends; they become the supervisor's own children
(prctl(2), PR_SET_CHILD_SUBREAPER), each in its own session with its own death signal, as if it had
started them. A service that crashes is started again in the ordinary way.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from devstack import offspring

_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_S = 30.0


@dataclass(frozen=True)
class Fledgling:
    """A service to be forked."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: str
    folder: str


class AdoptedProcess:
    """A child that somebody else forked for us; it has what we use of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return how it ended, negative for a signal; None while it lives."""
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._code = 1
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The supervisor's side: starts the nursery, tells it whom to fork, adopts the children."""

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        """Start importing; it goes on while other things are done."""
        _adopt_orphans(True)
        self._started_at = time.monotonic()
        self._answer = b""
        with log.open("ab") as output:
            self._process = offspring.start(
                [sys.executable, "-P", "-m", "devstack.nursery", str(os.getpid())],
                output=output,
                environment=environment,
                questions=True,
            )

    @staticmethod
    def is_possible() -> bool:
        """Tell whether this system lets a process adopt its descendants."""
        return sys.platform == "linux"

    def ask(self, fledglings: Sequence[Fledgling]) -> None:
        """Tell whom to fork; the answer comes when all is imported."""
        assert self._process.stdin is not None
        text = json.dumps([asdict(fledgling) for fledgling in fledglings])
        try:
            self._process.stdin.write(text.encode())
            self._process.stdin.close()
        except BrokenPipeError:
            pass

    def answered(self) -> bool:
        """Tell whether the nursery has done its work, or never will."""
        if time.monotonic() - self._started_at > _LONGEST_S:
            self._process.kill()
        return self._process.poll() is not None

    def children(self) -> dict[str, AdoptedProcess]:
        """Return the forked services by name; those that are missing were not forked."""
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            text = pipe.read()
        self.close()
        try:
            pids: dict[str, int] = json.loads(text)
        except ValueError:
            return {}
        return {name: AdoptedProcess(pid) for name, pid in pids.items()}

    def close(self) -> None:
        """End the nursery, if it has not ended, and adopt nobody any more."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        _adopt_orphans(False)


def _adopt_orphans(yes: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)
