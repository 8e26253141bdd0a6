"""Load by wrk, a generator in C that two cores' worth of Python cannot outrun."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SCRIPTS = Path(__file__).parent / "scripts"
_UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_GRACE_S = 30


class GeneratorMissingError(Exception):
    """wrk is not installed."""

    def __str__(self) -> str:
        """Say what to do."""
        return "wrk is not installed: apt-get install wrk (or your system's package of it)"


@dataclass(frozen=True)
class Measurement:
    """What wrk saw."""

    seconds: float
    completed: int
    rate: float
    """Completed operations a second."""
    p50_ms: float
    p99_ms: float
    errors: int
    """Answers with another status than 2xx or 3xx, and broken connections."""


def require_generator() -> str:
    """Return the path of wrk; raise GeneratorMissingError without it."""
    path = shutil.which("wrk")
    if path is None:
        raise GeneratorMissingError
    return path


def measure(
    url: str,
    *,
    connections: int,
    seconds: int,
    script: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Measurement:
    """Load a URL for some seconds over some keep-alive connections.

    ``script`` is a file of ``scripts/`` that reads ``variables`` from its environment.
    """
    command = [require_generator(), f"-c{connections}", f"-d{seconds}s", "-t1", "--latency"]
    if script is not None:
        command += ["-s", str(_SCRIPTS / script)]
    ran = subprocess.run(
        [*command, "--timeout", "10s", url],
        capture_output=True,
        text=True,
        timeout=seconds + _GRACE_S,
        env={**os.environ, **(variables or {})},
        check=True,
    )
    return parse(ran.stdout)


def parse(text: str) -> Measurement:
    """Read wrk's report; an operation is a request unless a script counted its own."""
    requests, seconds = _required(r"(\d+) requests in ([\d.]+)s", text).groups()
    own = re.search(r"^completed (\d+)", text, re.MULTILINE)
    refused = re.search(r"^refused (\d+)", text, re.MULTILINE)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    sockets = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text
    )
    errors = int(refused[1]) if refused else int(bad[1]) if bad else 0
    if sockets:
        errors += sum(int(count) for count in sockets.groups())
    completed = int(own[1]) if own else int(requests) - errors
    return Measurement(
        seconds=float(seconds),
        completed=completed,
        rate=completed / float(seconds),
        p50_ms=_latency_ms("50%", text),
        p99_ms=_latency_ms("99%", text),
        errors=errors,
    )


def _latency_ms(percentile: str, text: str) -> float:
    value, unit = _required(rf"{percentile}\s+([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * _UNIT_MS[unit]


def _required(pattern: str, text: str) -> re.Match[str]:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"wrk printed no {pattern!r}:\n{text}")
    return found
