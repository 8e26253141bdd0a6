"""The stack under chaos: a home of its own, processes within reach, links between them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from signal import Signals

import psycopg

from devstack import nats_users
from devstack.bench.stack import BenchStack
from devstack.chaos.links import Address, Link
from devstack.chaos.schedule import LINKS, SERVICES
from devstack.generated_secrets import secret
from devstack.home import ROOT, Home
from devstack.nats import NatsServer
from devstack.options import StackOptions, variables
from devstack.postgres import PostgresServer
from devstack.processes import Process
from devstack.stack import Stack
from devstack.state import ComponentState, StackState, read_state

PAYMENT_WINDOW_S = 15
"""How long an unpaid order lives here, so that abandoned ones end within a run."""
_POSTGRES_SOCKET = ".s.PGSQL.5432"


class StackGoneError(Exception):
    """The stack does not run any more; chaos must never end it as a whole."""


class ChaosStack:
    """Starts on empty data; its processes reach some of their peers through links."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        """Describe a stack in a folder; ``settings`` are further variables of its processes."""
        self.home = Home(folder)
        self.failpoints = folder / "failpoints"
        self._wiring = folder / "wiring.json"
        self._link_folder = self.home.runtime.with_name(self.home.runtime.name + "-links")
        self._cli = BenchStack(
            folder,
            {
                "SOKO_LOG_LEVEL": "info",
                "SOKO_FAILPOINTS": str(self.failpoints),
                "SOKO_WIRING": str(self._wiring),
                "SOKO_PAYMENT_WINDOW_S": str(PAYMENT_WINDOW_S),
                **(settings or {}),
            },
        )
        self.url = self._cli.url
        self.links: dict[str, Link] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start, with links; stop and delete its data at the end, but keep its logs."""
        await self.command("reset", "--yes")
        self.home.prepare()
        self.failpoints.mkdir(exist_ok=True)
        try:
            await self._link()
            await self.command("up", "--detach", "--no-demo", "--port", str(self._cli.port))
            yield
        finally:
            await self.command("down")
            for link in self.links.values():
                await link.close()
            self._keep_logs()
            await self.command("reset", "--yes")
            shutil.rmtree(self._link_folder, ignore_errors=True)
            shutil.rmtree(self.failpoints, ignore_errors=True)
            self._wiring.unlink(missing_ok=True)

    async def command(self, *arguments: str) -> str:
        """Run a command of the CLI on this stack, while the links go on working."""
        return await asyncio.to_thread(self._cli.run, *arguments)

    def state(self) -> StackState:
        """Return what the supervisor tells; raises StackGoneError when it has ended."""
        state = read_state(self.home)
        if state is None or state.phase != "running" or not state.supervisor.alive:
            raise StackGoneError(f"the stack is {state.phase if state else 'gone'}")
        return state

    def component(self, name: str) -> ComponentState:
        """Return what the supervisor tells of one process."""
        return next(each for each in self.state().components if each.name == name)

    def process(self, name: str) -> Process:
        """Return a part of the stack as it runs now."""
        return self.component(name).process

    def signal(self, name: str, number: Signals) -> None:
        """Send a signal to a part of the stack and to its children."""
        self.process(name).signal_group(number)

    def all_ready(self) -> bool:
        """Tell whether every process runs and answered its supervisor."""
        return all(each.state == "ready" and each.process.alive for each in self.state().components)

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        """Connect to a database as the superuser, not through a link."""
        server = PostgresServer(
            self.home.folder,
            self.home.postgres_socket_folder,
            password=secret(self.home.secrets, "database-superuser"),
        )
        return psycopg.connect(server.url(database), autocommit=True)

    @property
    def targets(self) -> dict[str, str]:
        """The gRPC target of each service, not through a link."""
        return Stack.of_running(self.home, self.state(), variables(ROOT)).targets

    @property
    def nats_url(self) -> str:
        """Return the broker's address for its operator, not through a link."""
        passwords = nats_users.passwords(self.home.secrets)
        return NatsServer(self.home.nats, port=self.state().nats_port, passwords=passwords).url

    async def _link(self) -> None:
        """Open the links and write down what leads the processes through them."""
        options = StackOptions("127.0.0.1", self._cli.port, workers=1, demo=False)
        plain = Stack(self.home, options, variables(ROOT))
        changed: dict[str, dict[str, str]] = {name: {} for name in SERVICES}
        for name in LINKS:
            caller, peer = name.split("-")
            link = Link(self._listen(caller, peer), partial(self._upstream, peer))
            await link.open()
            self.links[name] = link
            environment = plain.environment(caller)
            changed[caller] |= self._leading(peer, link.listen, environment)
        self._wiring.write_text(json.dumps(changed))
        self._wiring.chmod(0o600)

    def _listen(self, caller: str, peer: str) -> Address:
        if peer == "nats":
            return Address()
        if peer == "postgres":
            return Address(path=self._link_folder / caller / _POSTGRES_SOCKET)
        return Address(path=self._link_folder / caller / f"{peer}.sock")

    def _upstream(self, peer: str) -> Address:
        if peer == "nats":
            state = read_state(self.home)
            return Address(port=state.nats_port if state else 0)
        if peer == "postgres":
            return Address(path=self.home.postgres_socket_folder / _POSTGRES_SOCKET)
        return Address(path=self.home.runtime / f"{peer}.sock")

    def _leading(self, peer: str, listen: Address, environment: dict[str, str]) -> dict[str, str]:
        if peer == "nats":
            login, _, _ = environment["SOKO_NATS_URL"].rpartition(":")
            return {"SOKO_NATS_URL": f"{login}:{listen.port}"}
        assert listen.path is not None
        if peer == "postgres":
            url = environment["SOKO_DATABASE_URL"]
            direct = str(self.home.postgres_socket_folder)
            return {"SOKO_DATABASE_URL": url.replace(direct, str(listen.path.parent))}
        return {f"SOKO_{peer.upper()}_TARGET": f"unix:{listen.path}"}

    def _keep_logs(self) -> None:
        kept = self.home.folder.with_name(self.home.folder.name + "-logs")
        shutil.rmtree(kept, ignore_errors=True)
        if self.home.logs.exists():
            shutil.copytree(self.home.logs, kept)
