"""One process of the stack: how it starts, when it is ready, how it comes back after a crash."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devstack.processes import Process, signal_group
from devstack.state import ComponentState

_LOG_LARGEST_BYTES = 10 * 1024 * 1024
_STEADY_AFTER_S = 20.0
_LONGEST_PAUSE_S = 10.0


class ChildProcess(Protocol):
    """What we use of subprocess.Popen."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    def poll(self) -> int | None:
        """Return how it ended, negative for a signal; None while it lives."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        ...

    def send_signal(self, number: int, /) -> None:
        """Send it a signal, if it lives."""
        ...

    def kill(self) -> None:
        """End it by force."""
        ...


@dataclass
class Component:
    """A supervised process."""

    name: str
    title: str
    log: Path
    launch: Callable[[], ChildProcess]
    """Start the process, its output going to the log, without waiting for it."""
    is_ready: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 10.0
    state: str = "waiting"
    restarts: int = 0
    failures: int = 0
    """Crashes without a steady while in between."""
    took_s: float = 0.0
    restart_at: float = 0.0
    _child: ChildProcess | None = None
    _process: Process | None = None
    _started_at: float = 0.0
    _log_offset: int = 0

    def start(self) -> None:
        """Start the process."""
        self.log.parent.mkdir(exist_ok=True)
        self._log_offset = self.log.stat().st_size if self.log.exists() else 0
        self._started_at = time.monotonic()
        self._take(self.launch())

    def adopt(self, child: ChildProcess, started_at: float) -> None:
        """Look after a process that was started in another way, at a time (monotonic)."""
        self._started_at = started_at
        self._take(child)

    def _take(self, child: ChildProcess) -> None:
        self._child = child
        self._process = Process.of(child.pid)
        self.state = "starting"

    def exit_code(self) -> int | None:
        """Return how the process ended, negative for a signal; None while it lives."""
        return None if self._child is None else self._child.poll()

    def check_ready(self) -> bool:
        """Look whether the process became ready."""
        if self.state == "starting" and self.is_ready():
            self.state = "ready"
            self.took_s = time.monotonic() - self._started_at
        return self.state == "ready"

    def crashed(self) -> None:
        """Plan the restart: at once after a steady life, else later and later."""
        assert self._child is not None
        # Its own children may hold its sockets and ports.
        signal_group(self._child.pid, signal.SIGKILL)
        now = time.monotonic()
        self.failures = 0 if now - self._started_at > _STEADY_AFTER_S else self.failures + 1
        pause_s = min(_LONGEST_PAUSE_S, 0.1 * 2**self.failures) if self.failures else 0.0
        self.restart_at = now + pause_s
        self.state = "restarting"
        self.restarts += 1
        self._child = None

    def ask_to_stop(self) -> None:
        """Send the signal that ends it in its orderly way."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(self.stop_signal)
            self.state = "stopping"

    def wait_stopped(self, deadline: float) -> None:
        """Wait for its end, and force it when the deadline (monotonic) passes."""
        if self._child is not None:
            try:
                self._child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            signal_group(self._child.pid, signal.SIGKILL)
        self.state = "stopped"

    def log_tail(self, lines: int = 15) -> str:
        """Return the end of what it wrote since its last start."""
        try:
            with self.log.open("rb") as file:
                file.seek(self._log_offset)
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def rotate_log(self) -> None:
        """Move a long log aside. A line written at this very moment may get lost."""
        try:
            if self.log.stat().st_size < _LOG_LARGEST_BYTES:
                return
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            # The process goes on writing at the end of the same file, which is its beginning now.
            with self.log.open("r+b") as file:
                file.truncate(0)
        except OSError:
            return
        self._log_offset = 0

    def describe(self) -> ComponentState:
        """Return what the state file tells of it."""
        process = self._process or Process(0, "")
        return ComponentState(
            name=self.name,
            title=self.title,
            pid=process.pid,
            started=process.started,
            state=self.state,
            restarts=self.restarts,
            took_s=round(self.took_s, 2),
        )
