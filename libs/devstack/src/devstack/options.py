"""What a person may choose when a stack starts."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from devstack.home import HomeError

DEFAULT_PORT = 8000
_PORT_MAX = 65535


@dataclass(frozen=True)
class StackOptions:
    """The choices of one start."""

    host: str
    """Address that the gateway listens on."""
    port: int
    workers: int
    """Processes of the gateway."""
    demo: bool
    """Whether the front page tells the demo logins."""
    metrics_port: int = 0
    """The gateway's for Prometheus, the services' being the next ones; 0 for none."""

    @classmethod
    def of_environment(
        cls,
        variables: Mapping[str, str],
        *,
        port: int | None,
        demo: bool,
        metrics_port: int | None = None,
    ) -> StackOptions:
        """Choose where nothing was said by SOKO_HTTP_HOST, SOKO_HTTP_PORT, SOKO_HTTP_WORKERS and
        SOKO_METRICS_PORT.

        Raises HomeError for a variable that has to be a number and is none.
        """
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        return cls(
            host=variables.get("SOKO_HTTP_HOST", "127.0.0.1"),
            port=port or _number(variables, "SOKO_HTTP_PORT", DEFAULT_PORT),
            workers=_number(variables, "SOKO_HTTP_WORKERS", min(2, cores)),
            demo=demo,
            metrics_port=metrics_port or _number(variables, "SOKO_METRICS_PORT", 0, least=0),
        )

    @property
    def url(self) -> str:
        """Address for people on this machine."""
        return f"http://{self.reachable_host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        """Return a host to connect to: an address that means "any" is one to listen on only."""
        # To compare with, not to bind to.
        listens_to_all = self.host in {"0.0.0.0", "::", ""}  # nosec B104
        return "127.0.0.1" if listens_to_all else self.host

    def as_text(self) -> str:
        """Write it as one argument of a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> StackOptions:
        """Read what ``as_text`` wrote."""
        return cls(**json.loads(text))


def _number(variables: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = variables.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= _PORT_MAX:
        raise HomeError(f"{name} is {text!r}; it has to be a number from {least} to {_PORT_MAX}")
    return int(text)


def variables(root: Path) -> dict[str, str]:
    """Return the environment, completed by the lines ``NAME=value`` of ``.env`` in a folder."""
    found: dict[str, str] = {}
    try:
        lines = (root / ".env").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return {**found, **os.environ}
