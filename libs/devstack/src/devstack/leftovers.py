"""What a killed supervisor left behind: processes that outlived it, to be ended before a start."""

from __future__ import annotations

import signal
from pathlib import Path

from devstack.home import Home
from devstack.processes import Process, wait_until_gone
from devstack.state import read_state

_PATIENCE_S = 3.0
_DATABASE_PATIENCE_S = 20.0


def clear_leftovers(home: Home) -> list[str]:
    """End what still runs; return the titles of what that was.

    Only processes that this home's supervisor started are touched: number and start time both have
    to be those that it wrote down. Call it under the supervisor's lock.
    """
    state = read_state(home)
    if state is None:
        return []
    alive = [entry for entry in state.components if entry.process.alive]
    databases = [entry.process for entry in alive if entry.name == "postgres"]
    others = [entry.process for entry in alive if entry.name != "postgres"]
    for process in others:
        process.signal(signal.SIGTERM)
    for process in wait_until_gone(others, _PATIENCE_S):
        process.signal_group(signal.SIGKILL)
    wait_until_gone(others, _PATIENCE_S)
    _end_databases(databases)
    return [entry.title for entry in alive]


def end_stray_database(data: Path) -> bool:
    """End a PostgreSQL that runs on a data folder although no supervisor knows of it.

    Its ``postmaster.pid`` names it; the number alone proves nothing after a reboot, so the process
    has to be a PostgreSQL that was started with this very folder. Tells whether there was one.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return False
    if not words[0].endswith(b"postgres") or str(data).encode() not in words:
        return False
    _end_databases([Process.of(pid)])
    return True


def _end_databases(databases: list[Process]) -> None:
    for process in databases:
        process.signal(signal.SIGINT)
    for process in wait_until_gone(databases, _DATABASE_PATIENCE_S):
        process.signal(signal.SIGQUIT)
    wait_until_gone(databases, _DATABASE_PATIENCE_S)
