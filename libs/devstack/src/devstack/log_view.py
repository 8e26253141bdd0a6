"""Reading the stack's log files, and following them as they grow."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO


def log_names(folder: Path) -> list[str]:
    """Return the names of the services that have a log."""
    return sorted(path.stem for path in folder.glob("*.log"))


def last_lines(folder: Path, names: Sequence[str], count: int) -> Iterator[str]:
    """Give the last lines of each log, with the service's name in front when there are several."""
    for name in names:
        path = folder / f"{name}.log"
        if not path.exists():
            continue
        with path.open(errors="replace") as file:
            for line in deque(file, maxlen=count):
                yield _prefix(name, names) + line.rstrip("\n")


def tail(log: Path) -> str:
    """Return the end of a log, for whoever has to say why a process failed."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


def lines_of_trace(folder: Path, names: Sequence[str], trace_id: str) -> Iterator[str]:
    """Give the lines of one trace, in the order of their time, with the services' names."""
    wanted = f'"trace_id":"{trace_id}"'
    found: list[tuple[str, str]] = []
    for name in names:
        for path in (folder / f"{name}.log.1", folder / f"{name}.log"):
            if not path.exists():
                continue
            with path.open(errors="replace") as file:
                found += [
                    (str(json.loads(line)["time"]), _prefix(name, names) + line.rstrip("\n"))
                    for line in file
                    if wanted in line and line.startswith("{") and line.endswith("}\n")
                ]
    return (line for _, line in sorted(found))


def follow(folder: Path, names: Sequence[str], interval_s: float = 0.2) -> Iterator[str]:
    """Give the lines that come from now on, for ever."""
    files = {name: _open_at_end(folder / f"{name}.log") for name in names}
    return _follow(folder, files, interval_s)


def _follow(folder: Path, files: dict[str, IO[bytes] | None], interval_s: float) -> Iterator[str]:
    names = tuple(files)
    while True:
        idle = True
        for name, file in files.items():
            if file is None:
                files[name] = _open_at_end(folder / f"{name}.log")
                continue
            if file.tell() > Path(file.name).stat().st_size:
                # It was moved aside because it had grown long.
                file.seek(0)
            while (line := file.readline()).endswith(b"\n"):
                idle = False
                yield _prefix(name, names) + line.decode(errors="replace").rstrip("\n")
            # Half a line is read again once it is whole.
            file.seek(-len(line), os.SEEK_CUR)
        if idle:
            time.sleep(interval_s)


def _open_at_end(path: Path) -> IO[bytes] | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    file.seek(0, os.SEEK_END)
    return file


def _prefix(name: str, names: Sequence[str]) -> str:
    return f"{name:<13} | " if len(names) > 1 else ""
