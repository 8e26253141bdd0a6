"""Child processes that do not outlive their parent (prctl(2), PR_SET_PDEATHSIG)."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(death_signal: signal.Signals, parent: int | None = None) -> Callable[[], None]:
    """Return what a child runs to get ``death_signal`` when its parent (we, by default) ends.

    The kernel watches the thread that forked, not the process, so only a child of the main thread
    is bound to us. Elsewhere than on Linux nothing happens.
    """
    parent = parent or os.getpid()
    bound = _prctl is not None and threading.current_thread() is threading.main_thread()

    def arrange() -> None:
        if not bound or _prctl is None:
            return
        _prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def take_name(name: str) -> None:
    """Show another name (15 bytes of it) to ``ps`` and ``top``."""
    if _prctl is not None:
        _prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: tuple[int, int] | None = None,
    death_signal: signal.Signals | None = signal.SIGTERM,
    questions: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that the terminal's Ctrl-C does not reach it.

    ``user`` is the uid and gid to change to. Without a death signal it outlives us. A child that
    takes ``questions`` reads them from a pipe and answers through another one; then ``output`` gets
    its errors only. Raises OSError when the program cannot be run.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE if questions else subprocess.DEVNULL,
        stdout=subprocess.PIPE if questions else output,
        stderr=output if questions else subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=folder,
        start_new_session=True,
        user=None if user is None else user[0],
        group=None if user is None else user[1],
        extra_groups=None if user is None else [],
        umask=0o077,
        # The death signal has to be set after the change of user, which clears it.
        preexec_fn=None if death_signal is None else die_with_parent(death_signal),
    )
