"""Soko as docker-compose.yml describes it, under one of Compose's implementations."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import docker
from docker.models.containers import Container

from devstack.compose_secrets import write_compose_secrets
from devstack.home import ROOT
from devstack.nats import free_port

_UP_S = 300


@dataclass
class Composition:
    """One project of Compose with secrets, a port and volumes of its own."""

    client: docker.DockerClient
    compose: Sequence[str]
    """The command."""
    project: str
    folder: Path
    variables: Mapping[str, str]

    def __post_init__(self) -> None:
        self.port = free_port()
        self.started = 0.0
        write_compose_secrets(self.folder / "secrets", timedelta(days=1))

    @property
    def url(self) -> str:
        """Where the gateway listens."""
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Start it as an operator does."""
        self.started = time.monotonic()
        self.run("up", "--detach", "--no-build")

    def down(self) -> None:
        """Remove its containers, networks and volumes."""
        self.run("down", "--volumes", "--timeout", "5")

    def run(self, *arguments: str) -> str:
        """Run a command of Compose; raises AssertionError with what it said when it fails."""
        done = subprocess.run(
            [*self.compose, "--project-name", self.project, *arguments],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=_UP_S,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}{self.logs()}"
        return done.stdout

    def container(self, service: str) -> Container:
        """Return the container of a service."""
        (found,) = self._containers(service)
        return found

    def leftovers(self) -> list[str]:
        """Return the names of its containers, networks and volumes that are there."""
        label = {"label": f"com.docker.compose.project={self.project}"}
        found = [each.name for each in self._containers()]
        found += [each.name for each in self.client.networks.list(filters=label)]
        return found + [each.name for each in self.client.volumes.list(filters=label)]

    def execute(self, service: str, *command: str) -> str:
        """Run a command in a service's container; raises AssertionError when it fails."""
        code, output = self.container(service).exec_run(list(command))
        assert code == 0, output.decode()
        return str(output.decode())

    def rows(self, service: str, statement: str) -> list[list[str]]:
        """Return the rows of a statement on a service's database."""
        text = self.execute(
            "postgres", "psql", "-U", "postgres", "-XAtqc", statement, f"soko_{service}"
        )
        return [line.split("|") for line in text.splitlines()]

    def crash(self, service: str) -> None:
        """Kill a service's process as a lack of memory would; the engine starts it again."""
        os.kill(self.container(service).attrs["State"]["Pid"], signal.SIGKILL)

    def restarts(self, service: str) -> int:
        """Return how often the engine has started a service again."""
        return int(self.container(service).attrs["RestartCount"])

    def logs(self) -> str:
        """Return the end of what each container wrote."""
        return "".join(
            f"\n--- {each.name} ({each.status})\n{each.logs(tail=8).decode(errors='replace')}"
            for each in self._containers()
        )

    def _containers(self, service: str = "") -> list[Container]:
        labels = [f"com.docker.compose.project={self.project}"]
        if service:
            labels.append(f"com.docker.compose.service={service}")
        found: list[Container] = self.client.containers.list(all=True, filters={"label": labels})
        return found

    def _environment(self) -> dict[str, str]:
        """Return variables without those of a person who runs the tests."""
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("SOKO_", "COMPOSE_"))}
        return {
            **inherited,
            **self.variables,
            "SOKO_SECRETS": str(self.folder / "secrets"),
            "SOKO_HTTP_PORT": str(self.port),
            "SOKO_MAIL_PORT": str(free_port()),
        }
