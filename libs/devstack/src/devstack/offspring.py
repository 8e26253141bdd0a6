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
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before exec to get ``death_signal`` when its parent ends.

    The kernel watches the thread that forked, not the process, so only a child of the main thread
    is bound to us. Elsewhere than on Linux nothing happens.
    """
    parent = os.getpid()
    bound = _prctl is not None and threading.current_thread() is threading.main_thread()

    def arrange() -> None:
        if not bound or _prctl is None:
            return
        _prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def start(
    command: Sequence[str | Path],
    *,
    output: IO[bytes] | int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: tuple[int, int] | None = None,
    death_signal: signal.Signals | None = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that the terminal's Ctrl-C does not reach it.

    ``user`` is the uid and gid to change to. Without a death signal it outlives us. Raises OSError
    when the program cannot be run.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
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
