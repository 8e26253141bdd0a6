"""Who listens on a TCP port of this machine (proc(5): net/tcp)."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

_LISTEN = "0A"


def is_free(host: str, port: int) -> bool:
    """Tell whether we could listen there.

    Raises OSError when the trouble is another than somebody who already does.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def holder(port: int) -> str:
    """Return name and number of the process that listens on a port, or nothing if unknown."""
    wanted = {f"socket:[{inode}]" for inode in _listeners(port)}
    if not wanted:
        return ""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(os.readlink(link) in wanted for link in (entry / "fd").iterdir()):
                return f"{_name(entry)} (process {entry.name})"
        except OSError:
            continue
    return ""


def in_use_message(host: str, port: int) -> str:
    """Return what to tell a person whose port is taken."""
    who = holder(port) or "another program"
    other = next((p for p in range(port + 1, min(port + 100, 65536)) if is_free(host, p)), 0)
    advice = f"Stop it, or choose another port: ./soko up --port {other or 'N'}"
    return f"Port {port} is in use by {who}. {advice}"


def _listeners(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _name(entry: Path) -> str:
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        return " ".join(word for word in words if word)[:60] or (entry / "comm").read_text().strip()
    except OSError:
        return "a process"
