"""Failpoints: places where a process can be told to die, as a crash would end it right there.

A process whose settings name a folder looks there whenever it passes a point for a file
``<service>.<point>`` that holds a number, and counts it down. At the last passage the file becomes
``<service>.<point>.fired`` and the process kills itself with SIGKILL, so that its next life goes on
unharmed. Without the setting a point costs one comparison. Settings refuse it in production.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

FIRED = ".fired"

_folder: Path | None = None
_service = ""


def watch(service: str, folder: Path | None) -> None:
    """Obey the files of a folder from now on; without a folder, nothing ever happens."""
    global _folder, _service
    _folder, _service = folder, service


def failpoint(point: str) -> None:
    """Pass a point; the process may end here."""
    if _folder is not None:
        _pass(_folder / f"{_service}.{point}")


def _pass(armed: Path) -> None:
    try:
        passages = int(armed.read_text())
    except (OSError, ValueError):
        return
    if passages > 1:
        armed.write_text(str(passages - 1))
        return
    try:
        armed.rename(armed.with_name(armed.name + FIRED))
    except FileNotFoundError:
        # Another process of this service is dying of it already.
        return
    os.kill(os.getpid(), signal.SIGKILL)
