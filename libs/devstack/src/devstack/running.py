"""Starting, following and ending a stack's supervisor from another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devstack import offspring
from devstack.display import Display
from devstack.home import ROOT, Home
from devstack.leftovers import clear_leftovers
from devstack.options import StackOptions, variables
from devstack.processes import wait_until_gone
from devstack.state import StackState, is_locked, lock, read_state

if TYPE_CHECKING:
    from devstack.stack import Stack

_POLL_S = 0.03
_START_TIMEOUT_S = 300.0
_STOP_TIMEOUT_S = 60.0


class StartFailedError(Exception):
    """The stack did not start; the text says why."""


@dataclass
class Follower:
    """Waits for a stack and tells a display what happens to it."""

    home: Home
    display: Display
    process: subprocess.Popen[bytes] | None = None
    """The supervisor, when it is our child."""

    def until_running(self) -> StackState:
        """Wait until the stack runs; raises StartFailedError when it does not."""
        seen: set[str] = set()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            state = running_state(self.home)
            ended = self.process.poll() if self.process is not None else None
            if state is not None and self._is_current(state):
                for component in state.components:
                    if component.state == "ready" and component.name not in seen:
                        seen.add(component.name)
                        self.display.done(component.title, component.took_s)
                if state.phase == "running":
                    return state
                self.display.phase(state.message if state.phase == "starting" else "Stopping")
            if ended is not None:
                self._explain(ended)
            elif self.process is None and not is_locked(self.home):
                self._explain(1)
            time.sleep(_POLL_S)
        raise StartFailedError(f"The stack did not start within {_START_TIMEOUT_S:.0f} s.")

    def until_stopped(self) -> str:
        """Tell of crashes until the supervisor ends; return why it ended, nothing if asked to."""
        restarts: dict[str, int] = {}
        away: set[str] = set()
        while self.process is not None and self.process.poll() is None:
            state = read_state(self.home)
            for component in state.components if state and self._is_current(state) else ():
                if component.restarts > restarts.get(component.name, 0):
                    self.display.done(f"{component.title} ended and is started again")
                    restarts[component.name] = component.restarts
                    away.add(component.name)
                elif component.name in away and component.state == "ready":
                    self.display.done(f"{component.title} is back")
                    away.remove(component.name)
            time.sleep(0.2)
        state = read_state(self.home)
        if state is None or state.phase == "stopped":
            return ""
        return state.message or "The supervisor ended unexpectedly."

    def _is_current(self, state: StackState) -> bool:
        return self.process is None or state.pid == self.process.pid

    def _explain(self, code: int) -> None:
        from devstack.supervisor import RUNNING_ALREADY

        if code == RUNNING_ALREADY:
            # Another start was faster; its stack is the one that we wait for.
            self.process = None
            return
        state = read_state(self.home)
        if state is not None and self._is_current(state) and state.message:
            raise StartFailedError(state.message)
        log = self.home.logs / "supervisor.log"
        tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        raise StartFailedError("\n".join([f"The supervisor ended. The end of {log}:", *tail]))


def start_supervisor(
    home: Home, options: StackOptions, *, detached: bool
) -> subprocess.Popen[bytes]:
    """Start a supervisor; when not detached it ends with us, however we end."""
    home.prepare()
    with (home.logs / "supervisor.log").open("ab") as output:
        return offspring.start(
            [sys.executable, "-P", "-m", "devstack.supervisor", options.as_text()],
            output=output,
            # It works in another folder, where a relative SOKO_HOME would be another home.
            environment={**os.environ, "SOKO_HOME": str(home.folder)},
            folder=home.folder,
            death_signal=None if detached else signal.SIGTERM,
        )


def running_state(home: Home) -> StackState | None:
    """Return the state of a living supervisor, else None."""
    state = read_state(home)
    if state is None or not state.supervisor.alive:
        return None
    return state


def running_stack(home: Home) -> Stack | None:
    """Return the stack that runs; say so if none does."""
    # Whoever only starts or ends a stack does without all that it consists of.
    from devstack.stack import Stack

    state = running_state(home)
    if state is None or state.phase != "running":
        print("Soko is not running. Start it with: ./soko up", file=sys.stderr)
        return None
    return Stack.of_running(home, state, variables(ROOT))


def stop(home: Home, display: Display) -> list[str]:
    """End a stack and what a killed supervisor left of one; return the titles of what ended."""
    if not is_locked(home):
        return _clear(home)
    state = _state_of_lock_holder(home)
    if state is None:
        return []
    ended = [c.title for c in state.components if c.process.alive]
    processes = [c.process for c in state.components if c.process.alive]
    state.supervisor.signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    told: set[str] = set()
    while state.supervisor.alive and time.monotonic() < deadline:
        display.phase("Stopping")
        for component in (read_state(home) or state).components:
            if component.state == "stopped" and component.name not in told:
                told.add(component.name)
                display.done(f"{component.title} stopped")
        time.sleep(_POLL_S)
    if state.supervisor.alive:
        state.supervisor.signal(signal.SIGKILL)
        wait_until_gone([state.supervisor], 5)
    if wait_until_gone(processes, 1):
        _clear(home)
    return ended


def _state_of_lock_holder(home: Home) -> StackState | None:
    """Return the state of the supervisor that holds the lock, which may just be starting."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and is_locked(home):
        if (state := running_state(home)) is not None:
            return state
        time.sleep(_POLL_S)
    return None


def _clear(home: Home) -> list[str]:
    if not home.lock_file.exists():
        return []
    held = lock(home)
    if held is None:
        return []
    with held:
        return clear_leftovers(home)
