"""What a supervisor tells of itself: a lock that lives as long as it does, and a file."""

from __future__ import annotations

import fcntl
import json
import time
from dataclasses import asdict, dataclass, field
from typing import IO, Literal

from devstack.home import Home
from devstack.processes import Process

Phase = Literal["starting", "running", "stopping", "stopped", "failed"]
_LOCK_PATIENCE_S = 2.0


@dataclass(frozen=True)
class ComponentState:
    """One process of the stack."""

    name: str
    title: str
    pid: int
    started: str
    state: str
    """waiting, starting, ready, restarting, stopping, stopped."""
    restarts: int = 0
    took_s: float = 0.0
    """From its start until it was ready."""

    @property
    def process(self) -> Process:
        """Return the process itself."""
        return Process(self.pid, self.started)


@dataclass(frozen=True)
class StackState:
    """The whole stack, as of the last change."""

    pid: int
    started: str
    phase: Phase
    message: str
    """What it is doing, or why it failed."""
    host: str
    port: int
    demo: bool
    nats_port: int = 0
    smtp_port: int = 0
    metrics_port: int = 0
    components: tuple[ComponentState, ...] = field(default_factory=tuple)

    @property
    def supervisor(self) -> Process:
        """Return the supervisor's process."""
        return Process(self.pid, self.started)

    @property
    def url(self) -> str:
        """Return the gateway's address."""
        return f"http://{self.host}:{self.port}"

    def write(self, home: Home) -> None:
        """Replace the state file at once, so that nobody reads half of it."""
        unfinished = home.state_file.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(self), indent=1) + "\n")
        unfinished.rename(home.state_file)


def read_state(home: Home) -> StackState | None:
    """Return what the last supervisor told, or None when there was none."""
    try:
        content = json.loads(home.state_file.read_text())
        components = tuple(ComponentState(**entry) for entry in content.pop("components"))
        return StackState(**content, components=components)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lock(home: Home) -> IO[str] | None:
    """Take the supervisor's lock for the life of this process; None when another one has it."""
    file = home.lock_file.open("a")
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            # Others hold it for an instant when they look whether somebody has it.
            if time.monotonic() > deadline:
                file.close()
                return None
            time.sleep(0.05)


def is_locked(home: Home) -> bool:
    """Tell whether a supervisor lives, whatever its state file says."""
    try:
        with home.lock_file.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
