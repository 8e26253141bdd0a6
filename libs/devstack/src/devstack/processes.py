"""Processes by what does not change hands: number and start time together (proc(5))."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from signal import Signals

_STATE, _START_TICKS = 0, 19
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: str
    """Boot and start time, in the kernel's ticks since that boot."""

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the process that has a number now."""
        return cls(pid, _started(pid))

    @property
    def alive(self) -> bool:
        """Whether it still runs; one that only waits to be reaped does not."""
        fields = _fields(self.pid)
        return bool(fields) and fields[_STATE] not in "ZX" and _started(self.pid) == self.started

    def signal(self, number: Signals) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def signal_group(self, number: Signals) -> None:
        """Send a signal to it and to those of its children that stayed in its group."""
        if self.alive:
            signal_group(self.pid, number)


def signal_group(leader: int, number: Signals) -> None:
    """Send a signal to a process group, if there still is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def wait_until_gone(processes: list[Process], timeout_s: float) -> list[Process]:
    """Wait for processes to end; return those that did not."""
    deadline = time.monotonic() + timeout_s
    left = [process for process in processes if process.alive]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if process.alive]
    return left


def memory_mib(root: int, *, alone: bool = False) -> tuple[float, float | None]:
    """Return resident memory of a process and, unless ``alone``, its descendants, in MiB.

    The first figure counts pages that processes share once in each of them (RSS), the second
    divides them among those who share them (PSS); it is None where the kernel does not tell.
    """
    rss = pss = 0.0
    known = True
    for pid in [root] if alone else _family(root):
        try:
            rss += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MIB
        except (OSError, IndexError):
            continue
        share = _pss_mib(pid)
        known = known and share is not None
        pss += share or 0.0
    return rss, pss if known else None


def _family(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    family = [root]
    for pid in family:
        family += children.get(pid, [])
    return family


def _pss_mib(pid: int) -> float | None:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def _fields(pid: int) -> list[str]:
    """Return what stands after the program's name, which may itself hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> str:
    fields = _fields(pid)
    return f"{_boot()}:{fields[_START_TICKS]}" if fields else ""


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
