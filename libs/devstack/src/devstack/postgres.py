"""A PostgreSQL server of our own: one data folder, one socket folder, no network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from devstack import offspring
from devstack.log_view import tail
from devstack.postgres_binaries import binaries_for
from devstack.unprivileged import OrdinaryUser, ordinary_user

SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_MAX = 107
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # Small: the whole stack has to fit beside a developer's editor, and the data fits in memory.
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "512MB",
    # Answers in microseconds need no compiler, and forked helpers cost more than they bring.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "4",
    "io_method": "sync",
    # After a crash one call flushes what else is a walk through thousands of files: 0.5 s, not 4 s.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
    # No replica reads our log; big segments of it between checkpoints keep commits fast.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_compression": "off",
    "wal_buffers": "8MB",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "30s",
    "autovacuum_max_workers": "2",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_duration_statement": "1000",
    # Values are personal data: those of a key that is there already, and of a slow statement.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_checkpoints": "off",
    "logging_collector": "off",
}

DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""What is committed stays, whatever happens to the machine."""

FORGETFUL: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}
"""For tests alone: what is committed survives a killed server, but not a killed machine."""


class PostgresServer:
    """A PostgreSQL 18 server that runs as an ordinary user and listens on a unix socket only."""

    def __init__(
        self,
        data: Path,
        socket_folder: Path,
        *,
        password: str = "",
        settings: Mapping[str, str] = DURABLE,
        user: OrdinaryUser | None = None,
    ) -> None:
        """Describe a server; without a password everybody who reaches the socket is let in.

        Raises ValueError for a socket folder whose path is too long for a unix socket.
        """
        if len(os.fsencode(socket_folder / _SOCKET)) > _SOCKET_PATH_MAX:
            raise ValueError(f"{socket_folder} is too long a path for a unix socket")
        self.data = data
        self.socket_folder = socket_folder
        self._password = password
        self._settings = settings
        self._user = user or ordinary_user()
        self._bin = binaries_for(self._user)
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the address of a database, for libpq and for SQLAlchemy alike."""
        secret = self._password if password is None else password
        login = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql://{login}@/{database}?host={quote(str(self.socket_folder), safe='/')}"

    @property
    def initialized(self) -> bool:
        """Whether the data folder holds a cluster."""
        return (self.data / "PG_VERSION").exists()

    def initialize(self) -> None:
        """Make the data folder; raises RuntimeError with what initdb said when that fails."""
        if self.initialized:
            return
        unfinished = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        self._user.own(unfinished)
        command: list[str | Path] = [
            self._bin / "initdb",
            f"--auth-local={'scram-sha-256' if self._password else 'trust'}",
            "--auth-host=reject",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            f"--pgdata={unfinished}",
        ]
        if self._settings.get("fsync") != "on":
            command.append("--no-sync")
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as secret:
            if self._password:
                secret.write(self._password)
                secret.flush()
                os.chown(secret.name, self._user.uid, self._user.gid)
                command.append(f"--pwfile={secret.name}")
            self._run(*command)
        # Half a cluster of an interrupted start never has the final name.
        unfinished.rename(self.data)

    def start(self, log: Path | None = None) -> None:
        """Start the server and wait until it answers.

        Raises RuntimeError with the end of its log when it does not.
        """
        log = log or self.data.with_name("postgres.log")
        self.prepare()
        self.launch(log)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self.answers():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{tail(log)}")
            time.sleep(0.02)

    def prepare(self) -> None:
        """Make the data folder if need be, and the folder of the socket."""
        self.initialize()
        self.socket_folder.mkdir(parents=True, exist_ok=True)
        self._user.own(self.socket_folder)

    def launch(self, log: Path) -> subprocess.Popen[bytes]:
        """Start the server's process without waiting for it."""
        options = {
            **_SETTINGS,
            **self._settings,
            "unix_socket_directories": str(self.socket_folder),
        }
        command: list[str | Path] = [self._bin / "postgres", "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with log.open("ab") as output:
            self.process = offspring.start(
                command,
                output=output,
                environment=_environment(),
                folder=self.data.parent,
                user=self._user.ids,
                # SIGINT is the fast shutdown: clients are cut off, nothing is lost.
                death_signal=signal.SIGINT,
            )
        return self.process

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        status = self._bin / "pg_isready"
        answer = subprocess.run(
            [status, "--quiet", f"--host={self.socket_folder}", "--timeout=2"],
            env=_environment(),
            check=False,
        )
        return answer.returncode == 0

    def run_sql(self, script: str) -> str:
        """Run statements as the superuser with psql; return the rows, columns parted by ``|``.

        Raises RuntimeError with the server's complaint.
        """
        done = subprocess.run(
            [
                self._bin / "psql",
                "-XAtq",
                "--set=ON_ERROR_STOP=1",
                f"--host={self.socket_folder}",
                f"--username={SUPERUSER}",
                "postgres",
            ],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            env={**_environment(), "PGPASSWORD": self._password},
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout

    def stop(self) -> None:
        """End the server in its fast way; after a while by force."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """Kill the server as a crash would: nothing is flushed, its log recovers it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _run(self, *command: str | Path) -> None:
        ids = self._user.ids
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
            cwd="/",
            user=None if ids is None else ids[0],
            group=None if ids is None else ids[1],
            extra_groups=None if ids is None else [],
        )
        if done.returncode != 0:
            raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")


def _environment() -> dict[str, str]:
    """Return an environment without PG* variables, which would lead the programs elsewhere."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
