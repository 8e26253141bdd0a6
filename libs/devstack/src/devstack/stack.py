"""What an embedded stack is made of, and the variables that its processes get."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from chassis.health_probe import gateway_readiness, grpc_serves, http_serves
from devstack import offspring
from devstack.component import Component
from devstack.databases import SERVICES, database_url
from devstack.generated_secrets import key, secret
from devstack.home import Home
from devstack.nats import NatsServer, free_port
from devstack.nats_users import USERS as NATS_USERS
from devstack.nats_users import passwords as nats_passwords
from devstack.nursery import Fledgling
from devstack.options import StackOptions
from devstack.postgres import PostgresServer
from devstack.state import StackState
from devstack.unprivileged import ordinary_user

_INTERPRETER = {
    # Two heaps are enough for processes with one busy thread, and glibc's eight per core are what
    # makes them grow.
    "MALLOC_ARENA_MAX": "2",
    # Large buffers (hashed passwords, pictures) go back to the system when they are freed.
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
    "PYTHONUNBUFFERED": "1",
}
METERED = ("gateway", *SERVICES)
"""Who tells figures, in the order of their ports."""
METRICS_HOST = "127.0.0.1"
"""The embedded stack tells them to this machine alone."""
_SENDER = "Soko <no-reply@soko.example>"


class Stack:
    """The components of a stack, not started yet."""

    def __init__(
        self,
        home: Home,
        options: StackOptions,
        variables: Mapping[str, str],
        *,
        nats_port: int = 0,
        smtp_port: int = 0,
    ) -> None:
        """Choose ports and make secrets; ``variables`` are the person's own settings."""
        self.home = home
        self.options = options
        self._variables = variables
        data = home.postgres_folder(ordinary_user()) / "data"
        self.postgres = PostgresServer(
            data,
            home.postgres_socket_folder,
            password=secret(home.secrets, "database-superuser"),
            user=ordinary_user(data),
        )
        self.nats = NatsServer(home.nats, port=nats_port, passwords=nats_passwords(home.secrets))
        self.smtp_port = smtp_port or free_port()
        self.infrastructure = (self._postgres(), self._nats(), self._mail(), self._sandbox())
        self.services = tuple(self._service(name) for name in SERVICES)
        self.gateway = self._gateway()

    @classmethod
    def of_running(cls, home: Home, state: StackState, variables: Mapping[str, str]) -> Stack:
        """Return the stack that a supervisor runs, for what needs the same variables."""
        options = StackOptions(state.host, state.port, workers=1, demo=state.demo)
        ports = {"nats_port": state.nats_port, "smtp_port": state.smtp_port}
        return cls(home, options, variables, **ports)

    @property
    def forks_services(self) -> bool:
        """Whether one interpreter is started for all services, which is quicker."""
        return self._variables.get("SOKO_FORK_SERVICES", "true") != "false"

    @property
    def interpreter_environment(self) -> dict[str, str]:
        """Return the variables that an interpreter and its libraries read at their very start."""
        return {**_INTERPRETER, **self._variables}

    @property
    def components(self) -> tuple[Component, ...]:
        """All processes, in the order of their start."""
        return (*self.infrastructure, *self.services, self.gateway)

    def migration(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service's migrations; their output goes to its log."""
        return self._python(self.log(service), self.environment(service), "-m", service, "migrate")

    def fledglings(self) -> list[Fledgling]:
        """Return the services as the nursery forks them."""
        for service in self.services:
            self._socket(service.name).unlink(missing_ok=True)
        return [
            Fledgling(
                service.name,
                ("-m", service.name, "serve"),
                self.environment(service.name),
                str(service.log),
                str(self.home.folder),
            )
            for service in self.services
        ]

    def environment(self, process: str) -> dict[str, str]:
        """Return all variables of a process, the same that other ways of running Soko set."""
        home, secrets = self.home, self.home.secrets
        chosen = {
            "SOKO_ENVIRONMENT": "development",
            "SOKO_LOG_LEVEL": "info",
            "SOKO_LOG_FORMAT": "json",
            "SOKO_DEFAULT_CURRENCY": "KES",
            "SOKO_PUBLIC_URL": self.options.url,
            "SOKO_SANDBOX_ENABLED": "true",
            "SOKO_MAIL_FROM": _SENDER,
            "SOKO_SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "SOKO_MEDIA_URL": home.media.resolve().as_uri(),
            **_INTERPRETER,
        }
        wiring = {
            "SOKO_SECRET": secret(secrets, "secret"),
            **{f"SOKO_{name.upper()}_TARGET": self._target(name) for name in SERVICES},
        }
        if process in {user.name for user in NATS_USERS}:
            wiring["SOKO_NATS_URL"] = self.nats.url_for(process)
        if process in SERVICES:
            wiring["SOKO_DATABASE_URL"] = database_url(self.postgres, home, process)
            wiring["SOKO_GRPC_LISTEN"] = self._target(process)
        if process == "sandbox":
            wiring["SOKO_SANDBOX_LISTEN"] = self._target("sandbox")
            wiring["SOKO_SANDBOX_LOG"] = str(home.sandbox_log)
        if process == "payments":
            wiring["SOKO_SANDBOX_TARGET"] = self._target("sandbox")
        if process == "identity":
            wiring["SOKO_TOKEN_SIGNING_KEY"] = key(secrets, "token-signing-key")
            wiring["SOKO_ENCRYPTION_KEYS"] = key(secrets, "encryption-key")
        if self.options.metrics_port and process in METERED:
            wiring["SOKO_METRICS_HOST"] = METRICS_HOST
            wiring["SOKO_METRICS_PORT"] = str(metrics_ports(self.options.metrics_port)[process])
        if process == "gateway":
            wiring["SOKO_HTTP_HOST"] = self.options.host
            wiring["SOKO_HTTP_PORT"] = str(self.options.port)
            wiring["SOKO_HTTP_WORKERS"] = str(self.options.workers)
            wiring["SOKO_DEMO"] = str(self.options.demo).lower()
        inherited = {
            name: value
            for name, value in self._variables.items()
            # One address for all services is never meant: each has a database of its own.
            if name not in {"SOKO_DATABASE_URL", "SOKO_GRPC_LISTEN", "SOKO_METRICS_PORT"}
        }
        return {**chosen, **inherited, **wiring, **self._rewired(process)}

    def _rewired(self, process: str) -> Mapping[str, str]:
        """Return the variables that lead a process through proxies: SOKO_WIRING names a file."""
        file = self._variables.get("SOKO_WIRING")
        if not file:
            return {}
        rewired: dict[str, dict[str, str]] = json.loads(Path(file).read_text())
        return rewired.get(process, {})

    @property
    def targets(self) -> dict[str, str]:
        """Return the gRPC target of each service."""
        return {name: self._target(name) for name in SERVICES}

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.home.logs / f"{name}.log"

    def _target(self, service: str) -> str:
        return f"unix:{self._socket(service)}"

    def _socket(self, service: str) -> Path:
        return self.home.runtime / f"{service}.sock"

    def _postgres(self) -> Component:
        log = self.log("postgres")

        def launch() -> subprocess.Popen[bytes]:
            self.postgres.prepare()
            return self.postgres.launch(log)

        return Component(
            "postgres",
            "PostgreSQL",
            log,
            launch,
            self.postgres.answers,
            # SIGINT is the fast shutdown: clients are cut off, nothing is lost.
            stop_signal=signal.SIGINT,
            stop_timeout_s=30.0,
        )

    def _nats(self) -> Component:
        log = self.log("nats")
        return Component(
            "nats", "NATS JetStream", log, lambda: self.nats.launch(log), self.nats.answers
        )

    def _mail(self) -> Component:
        address = f"127.0.0.1:{self.smtp_port}"
        return self._component(
            "mail",
            "Mail sink",
            ("-m", "devstack.mail_sink", address, str(self.home.mail)),
            lambda: _accepts("127.0.0.1", self.smtp_port),
        )

    def _sandbox(self) -> Component:
        """Another company's server, as far as the services can tell."""
        address = self._target("sandbox")
        return self._component(
            "sandbox",
            "Sandbox provider",
            ("-m", "sandbox_provider"),
            lambda: http_serves(address),
        )

    def _service(self, name: str) -> Component:
        address = self._target(name)
        return self._component(
            name, name.capitalize(), ("-m", name, "serve"), lambda: grpc_serves(address)
        )

    def _gateway(self) -> Component:
        options = self.options
        return self._component(
            "gateway",
            "Gateway",
            ("-m", "gateway", "serve"),
            lambda: gateway_readiness(options.reachable_host, options.port, 1.0).status == "ready",
        )

    def _component(
        self, name: str, title: str, arguments: tuple[str, ...], is_ready: Callable[[], bool]
    ) -> Component:
        log = self.log(name)

        def launch() -> subprocess.Popen[bytes]:
            self._socket(name).unlink(missing_ok=True)
            return self._python(log, self.environment(name), *arguments)

        return Component(name, title, log, launch, is_ready)

    def _python(
        self, log: Path, environment: Mapping[str, str], *arguments: str
    ) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            # Without -P the working folder would come first where modules are looked for.
            return offspring.start(
                [sys.executable, "-P", *arguments],
                output=output,
                environment=environment,
                folder=self.home.folder,
            )


def metrics_ports(first: int) -> dict[str, int]:
    """Return the port of each process that tells figures, the first being the gateway's."""
    return {process: first + number for number, process in enumerate(METERED)}


def _accepts(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False
