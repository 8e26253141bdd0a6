"""Pytest plugin: a real PostgreSQL and a real NATS for every test that asks for them."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from chassis.health_probe import http_serves
from devstack.nats import NatsServer
from devstack.postgres import FORGETFUL, PostgresServer

T = TypeVar("T")
_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.2
_SANDBOX_START_S = 20.0


async def eventually(
    predicate: Callable[[], T | Awaitable[T]], timeout_s: float = 10, message: str = ""
) -> T:
    """Wait until ``predicate()`` (awaited when it is awaitable) is true, and return its result.

    A predicate may also fail with AssertionError until then. Raises AssertionError after
    ``timeout_s`` seconds.
    """
    deadline = time.monotonic() + timeout_s
    pause_s = _FIRST_PAUSE_S
    while True:
        failure: AssertionError | None = None
        result: T | None = None
        try:
            outcome = predicate()
            result = await outcome if inspect.isawaitable(outcome) else outcome
            if result:
                return result
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            text = message or f"not true within {timeout_s} s; the last result was {result!r}"
            raise failure or AssertionError(text)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)


@contextmanager
def sandbox_process(target: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the sandbox provider at ``unix:PATH``, with a log of its own; killed in the end."""
    variables = {"SOKO_SANDBOX_LISTEN": target, "SOKO_SANDBOX_LOG": str(log)}
    path = target.removeprefix("unix:")
    Path(path).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox_provider"], env={**os.environ, **variables}
    )
    try:
        deadline = time.monotonic() + _SANDBOX_START_S
        while not http_serves(target):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the sandbox provider did not start")
            select.select([], [], [], _FIRST_PAUSE_S)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Run an empty PostgreSQL 18 for the whole session; it forgets all at its end."""
    folder = Path(tempfile.mkdtemp(prefix="soko-test-pg-"))
    # PostgreSQL may run as another user than ours, who has to get in.
    folder.chmod(0o711)
    server = PostgresServer(folder / "data", folder / "socket", settings=FORGETFUL)
    try:
        server.start(folder / "postgres.log")
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def make_database(postgres_server: PostgresServer) -> Callable[[], str]:
    """Return a function that makes an empty database and returns its url."""
    numbers = itertools.count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return postgres_server.url(name)

    return make


@pytest.fixture(scope="module")
def database_url(make_database: Callable[[], str]) -> str:
    """Return the url of an empty database that the tests of one module share."""
    return make_database()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """Run a nats-server with JetStream for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="soko-test-nats-"))
    server = NatsServer(folder, durable=False)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def nats_url(nats_server: NatsServer) -> str:
    """Return the address of the session's nats-server."""
    return nats_server.url
