"""Every service at two places, over TCP, so that one version starts beside the other."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from chassis.health_probe import gateway_readiness, grpc_serves
from devstack import offspring
from devstack.component import Component
from devstack.databases import SERVICES, prepare_databases
from devstack.home import ROOT, Home
from devstack.log_view import tail
from devstack.nats import free_port
from devstack.options import StackOptions, variables
from devstack.rolling.versions import Version
from devstack.stack import Stack

_START_S = 90.0
_END_S = 40.0
_MIGRATION_S = 120.0
_POLL_S = 0.05
_WORKERS = 2
_DRAIN_DELAY_S = 1
"""Longer than the balancer takes to look again."""
_GATEWAY = "gateway"


class FleetError(Exception):
    """A process did not start, did not end in its orderly way, or a migration failed."""


@dataclass
class Instance:
    """A process of one version, at one place."""

    name: str
    version: Version
    port: int
    process: subprocess.Popen[bytes]


class Fleet:
    """Infrastructure that stays, and instances that come and go."""

    def __init__(self, home: Home, settings: dict[str, str] | None = None) -> None:
        """Make empty folders for a fleet of its own, whose processes get ``settings`` besides."""
        home.wipe()
        home.prepare()
        self.home = home
        options = StackOptions("127.0.0.1", 0, workers=_WORKERS, demo=False)
        given = {
            **variables(ROOT),
            "SOKO_RATE_LIMITS": "off",
            "SOKO_PAYMENT_WINDOW_S": "15",
            "SOKO_DRAIN_DELAY_S": str(_DRAIN_DELAY_S),
            **(settings or {}),
        }
        self._stack = Stack(home, options, given)
        self._places = {name: (free_port(), free_port()) for name in (*SERVICES, _GATEWAY)}
        self._running: dict[str, list[Instance]] = {name: [] for name in self._places}

    @property
    def targets(self) -> dict[str, str]:
        """The gRPC target of each service: both of its places."""
        return {
            name: "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self._places[name])
            for name in SERVICES
        }

    @property
    def nats_url(self) -> str:
        """The broker's address for its operator."""
        return self._stack.nats.url

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect to a database as the superuser."""
        return psycopg.connect(self._stack.postgres.url(database), autocommit=True)

    def instance(self, name: str) -> Instance:
        """Return the oldest instance of a service."""
        return self._running[name][0]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run database, broker, mail sink and provider; end all, and keep nothing but logs."""
        try:
            for component in self._stack.infrastructure:
                component.start()
            for component in self._stack.infrastructure:
                await _until(component.check_ready, _START_S, component.log)
            await asyncio.to_thread(prepare_databases, self._stack.postgres, self.home)
            yield
        finally:
            for instance in [each for group in self._running.values() for each in group]:
                instance.process.kill()
                instance.process.wait()
            await asyncio.to_thread(_end, self._stack.infrastructure[::-1])
            kept = self.home.folder.with_name(self.home.folder.name + "-logs")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(self.home.logs, kept)
            self.home.wipe()

    async def grant(self, email: str, role: str) -> None:
        """Give an account a role, by identity's own command."""
        version = self.instance("identity").version
        environment = self._stack.environment("identity")
        process = self._python("identity", version, environment, "grant", email, role)
        await _until(lambda: process.poll() is not None, _START_S, self.log("identity"))
        if process.returncode:
            raise FleetError(f"no role was given:\n{tail(self.log('identity'))}")

    async def migrate(self, version: Version) -> None:
        """Bring all databases to a version's newest revisions."""
        running = {
            name: self._python(name, version, self._stack.environment(name), "migrate")
            for name in SERVICES
        }
        for name, process in running.items():
            await _until(lambda p=process: p.poll() is not None, _MIGRATION_S, self.log(name))  # type: ignore[misc]
            if process.returncode:
                raise FleetError(f"the migrations of {name} failed:\n{tail(self.log(name))}")

    async def start(self, name: str, version: Version) -> Instance:
        """Start an instance at the free place, and wait until it serves."""
        taken = {instance.port for instance in self._running[name]}
        port = next(port for port in self._places[name] if port not in taken)
        environment = {
            **self._stack.environment(name),
            **{f"SOKO_{service.upper()}_TARGET": t for service, t in self.targets.items()},
        }
        if name == _GATEWAY:
            environment["SOKO_HTTP_PORT"] = str(port)
        else:
            environment["SOKO_GRPC_LISTEN"] = f"127.0.0.1:{port}"
        process = self._python(name, version, environment, "serve")
        instance = Instance(name, version, port, process)
        self._running[name].append(instance)
        deadline = asyncio.get_running_loop().time() + _START_S
        while not await asyncio.to_thread(_serves, instance):
            late = asyncio.get_running_loop().time() > deadline
            if late or process.poll() is not None:
                raise FleetError(f"{name} did not start:\n{tail(self.log(name))}")
            await asyncio.sleep(_POLL_S)
        return instance

    async def end(self, instance: Instance) -> None:
        """Tell an instance to end, and wait until it did so by itself."""
        instance.process.terminate()
        await _until(lambda: instance.process.poll() is not None, _END_S, self.log(instance.name))
        self._running[instance.name].remove(instance)
        if instance.process.returncode:
            status = instance.process.returncode
            raise FleetError(
                f"{instance.name} ended with {status}:\n{tail(self.log(instance.name))}"
            )

    def log(self, name: str) -> Path:
        """Return the log of a service's instances."""
        return self._stack.log(name)

    def _python(
        self, name: str, version: Version, environment: dict[str, str], *command: str
    ) -> subprocess.Popen[bytes]:
        if version.path:
            environment = {**environment, "PYTHONPATH": version.path}
        with self.log(name).open("ab") as output:
            return offspring.start(
                [sys.executable, "-P", "-m", name, *command],
                output=output,
                environment=environment,
                folder=self.home.folder,
            )


def _serves(instance: Instance) -> bool:
    if instance.name == _GATEWAY:
        return gateway_readiness("127.0.0.1", instance.port, 1.0).status == "ready"
    return grpc_serves(f"127.0.0.1:{instance.port}", 1.0)


async def _until(done: Callable[[], bool], timeout_s: float, log: Path) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            # Processes call nobody back.
            while not done():  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise FleetError(f"{log.stem} took longer than {timeout_s:.0f} s:\n{tail(log)}") from None


def _end(components: Sequence[Component]) -> None:
    for component in components:
        component.ask_to_stop()
    for component in components:
        component.wait_stopped(time.monotonic() + component.stop_timeout_s)
