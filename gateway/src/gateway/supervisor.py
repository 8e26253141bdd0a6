"""The parent of the workers: binds the sockets, starts workers, restarts dead ones, ends them.

It imports nothing heavy. Each worker has a listening socket of its own (SO_REUSEPORT), so that the
kernel spreads the connections; the parent holds all of them, so that connections wait for a worker
that is being restarted instead of being refused.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime

_PR_SET_PDEATHSIG = 1
_RESTART_PAUSE_S = 0.5
_MAX_PAUSE_S = 5.0
_HEALTHY_AFTER_S = 10.0
_GRACE_S = 3.0
_MAX_EARLY_DEATHS = 5
"""How many deaths in a row, each soon after the start, mean that starting again is no use."""
_DIRECTORY_PREFIX = "soko-gateway-metrics-"
METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client lets the processes of one program meet."""


def bind(host: str, port: int, *, shared: bool) -> socket.socket:
    """Return a bound socket; ``shared`` lets several workers bind the same address.

    Ends the process with a sentence when the address is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Event loops switch Nagle's algorithm off only where they see that it is TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        raise SystemExit(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return sock


class Supervisor:
    """Keeps a number of workers alive until it is told to end."""

    def __init__(self, work: Callable[[socket.socket], None], grace_s: float) -> None:
        self._work = work
        self._grace_s = grace_s + _GRACE_S
        self._sockets: list[socket.socket] = []
        self._workers: dict[int, tuple[int, float]] = {}
        """Index of the socket and time of the start, per process id."""
        self._ending = False
        self._early_deaths = 0

    def run(self, host: str, port: int, workers: int) -> int:
        """Serve an address with a number of workers; return the exit code."""
        probe = bind(host, port, shared=False)
        port = probe.getsockname()[1]
        probe.close()
        self._sockets = [bind(host, port, shared=True) for _ in range(workers)]
        _remove_leftovers()
        directory = tempfile.mkdtemp(prefix=f"{_DIRECTORY_PREFIX}{os.getpid()}-")
        os.environ[METRICS_DIRECTORY] = directory
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        _say("workers_start", address=f"{host}:{port}", workers=workers)
        try:
            for index in range(workers):
                self._start(index)
            self._watch()
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return 1 if self._early_deaths >= _MAX_EARLY_DEATHS else 0

    def _start(self, index: int) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._workers[pid] = (index, time.monotonic())
            return
        code = 1
        try:
            die_with_parent(parent)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            for other, sock in enumerate(self._sockets):
                if other != index:
                    sock.close()
            self._work(self._sockets[index])
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> None:
        pause_s = _RESTART_PAUSE_S
        while self._workers:
            try:
                pid, status = os.wait()
            except InterruptedError:
                continue
            except ChildProcessError:
                return
            index, started = self._workers.pop(pid, (-1, 0.0))
            if index < 0:
                continue
            _forget_metrics(pid)
            if self._ending:
                continue
            _say("worker_died", pid=pid, status=os.waitstatus_to_exitcode(status))
            if time.monotonic() - started > _HEALTHY_AFTER_S:
                pause_s = _RESTART_PAUSE_S
                self._early_deaths = 0
            else:
                self._early_deaths += 1
            if self._early_deaths >= _MAX_EARLY_DEATHS:
                _say("workers_do_not_start")
                self._end(signal.SIGTERM, None)
                continue
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _MAX_PAUSE_S)
            if not self._ending:
                self._start(index)

    def _end(self, _number: int, _frame: object) -> None:
        if self._ending:
            return
        self._ending = True
        for sock in self._sockets:
            sock.close()
        for pid in self._workers:
            _signal(pid, signal.SIGTERM)
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, self._grace_s)

    def _kill(self, _number: int, _frame: object) -> None:
        for pid in self._workers:
            _signal(pid, signal.SIGKILL)


def die_with_parent(parent: int) -> None:
    """Let the kernel end this process when its parent ends, however that happens (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _forget_metrics(pid: int) -> None:
    """Drop a dead worker's gauges; what it counted stays counted."""
    directory = os.environ.get(METRICS_DIRECTORY, "")
    for name in os.listdir(directory) if directory else ():
        if name.startswith("gauge_live") and name.endswith(f"_{pid}.db"):
            os.unlink(os.path.join(directory, name))


def _remove_leftovers() -> None:
    """Remove the directories of parents that were killed."""
    for entry in os.scandir(tempfile.gettempdir()):
        if entry.name.startswith(_DIRECTORY_PREFIX) and entry.is_dir(follow_symlinks=False):
            pid = entry.name.removeprefix(_DIRECTORY_PREFIX).partition("-")[0]
            ours = entry.stat(follow_symlinks=False).st_uid == os.getuid()
            if ours and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
                shutil.rmtree(entry.path, ignore_errors=True)


def _say(event: str, **facts: object) -> None:
    line = {"event": event, **facts, "level": "info", "service": "gateway"}
    line["time"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
