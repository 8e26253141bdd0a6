"""CPU seconds and memory of the stack's processes, from /proc (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a process and all below it used."""

    cpu_s: float
    """User and system time since their start, ended children included."""
    rss_mib: float
    """Resident memory; pages that processes share count once in each."""
    pss_mib: float
    """Resident memory with shared pages divided among those who share them."""


def usage_by_name(roots: Mapping[str, int]) -> dict[str, Usage]:
    """Return what each named process uses, with its descendants that have no name of their own."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    named = set(roots.values())
    return {name: _tree_usage(pid, children, named - {pid}) for name, pid in roots.items()}


def _tree_usage(pid: int, children: Mapping[int, list[int]], others: set[int]) -> Usage:
    pids = [pid]
    for parent in pids:
        pids += [child for child in children.get(parent, ()) if child not in others]
    cpu_s = rss = pss = 0.0
    for member in pids:
        fields = _stat(member)
        if not fields:
            continue
        cpu_s += sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S
        memory = _memory_kib(member)
        rss += memory.get("Rss", 0) / 1024
        pss += memory.get("Pss", 0) / 1024
    return Usage(cpu_s=cpu_s, rss_mib=rss, pss_mib=pss)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _memory_kib(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
