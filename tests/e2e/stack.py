"""The embedded stack as a user starts it, on a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.databases import database_url
from devstack.home import Home
from devstack.postgres import PostgresServer
from tests.architecture.source_tree import ROOT
from tests.e2e.simulated_providers import SimulatedProviders

CARRIER_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""What the carrier ``posta`` signs its webhooks with."""

PAYMENT_WINDOW_S = 15
"""How long an unpaid order lives here; longer than any test's payment takes."""


def _refusals(log: Path) -> list[str]:
    """Return what a broker or a service says of a peer that it did not let do something."""
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if " Violation - " in line or '"caller_refused"' in line]


class Stack:
    """Starts with ``./soko up``, ends with ``./soko down``."""

    def __init__(self, home: Path, *up: str) -> None:
        """``up`` are further arguments of the start."""
        self.home = home
        self.up = up
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **os.environ,
            "SOKO_HOME": str(home),
            "SOKO_PAYMENT_WINDOW_S": str(PAYMENT_WINDOW_S),
            "SOKO_CARRIER_SECRETS": f"posta={CARRIER_SECRET}",
            "SOKO_EARNINGS_HOLD_S": "1",
            "SOKO_EVENT_TRIES": "4",
        }
        self.providers = SimulatedProviders(self.url)
        self.environ |= self.providers.environ

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of the CLI."""
        return [str(ROOT / "soko"), *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command of the CLI and return what it prints; fail with it when it fails."""
        ran = subprocess.run(
            self.command(*arguments),
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ran.returncode == 0, f"soko {' '.join(arguments)}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def start(self) -> None:
        self.providers.start()
        self.run("up", "--detach", "--no-demo", "--port", str(self.port), *self.up)

    def stop(self) -> None:
        """End it, keep its logs, delete its data, which root keeps outside of pytest's folders."""
        self.providers.stop()
        self.run("down")
        logs = shutil.copytree(self.home / "logs", self.home.with_name(self.home.name + "-logs"))
        self.run("reset", "--yes")
        refusals = [line for log in logs.iterdir() for line in _refusals(log)]
        assert not refusals, f"a process was refused what it needs: {refusals[:5]}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have it run meanwhile."""
        try:
            self.start()
            yield
        finally:
            self.stop()

    def pid(self, service: str) -> int:
        """Return the process id of a running service."""
        status = json.loads(self.run("status", "--json"))
        return next(int(item["pid"]) for item in status["services"] if item["name"] == service)

    def kill(self, service: str) -> None:
        """End a service as a crash does."""
        os.kill(self.pid(service), signal.SIGKILL)

    @contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        """Let a service neither answer nor end."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def grant(self, email: str, role: str) -> None:
        self.run("admin", "grant", email, role)

    def database_url(self, service: str) -> str:
        """Return the address of a service's database, as the service gets it."""
        home = Home(self.home)
        server = PostgresServer(home.folder, home.postgres_socket_folder)
        return database_url(server, home, service)

    def mails(self) -> list[dict[str, Any]]:
        """Return the mail that arrived: to, subject, text, html."""
        found: list[dict[str, Any]] = json.loads(self.run("mail", "--json"))
        return found
