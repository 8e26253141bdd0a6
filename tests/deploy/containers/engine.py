"""A Docker engine for tests: the machine's own, or one that is started here and ended again."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import DockerException

_START_S = 60.0
_STOP_S = 60.0


class NoEngineError(Exception):
    """No Docker engine can be had here; the text says why."""


@contextlib.contextmanager
def engine(folder: Path) -> Iterator[docker.DockerClient]:
    """Give a client of an engine; what is started here keeps all its data in the folder.

    Raises NoEngineError.
    """
    with contextlib.suppress(DockerException):
        client = docker.from_env()
        client.ping()
        yield client
        return
    with _daemon(folder) as address:
        before = os.environ.get("DOCKER_HOST")
        # For Compose, too.
        os.environ["DOCKER_HOST"] = address
        try:
            client = docker.DockerClient(address, timeout=600)
            yield client
            client.close()
        finally:
            if before is None:
                del os.environ["DOCKER_HOST"]
            else:
                os.environ["DOCKER_HOST"] = before


@contextlib.contextmanager
def _daemon(folder: Path) -> Iterator[str]:
    program = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise NoEngineError("no engine answers, and there is no dockerd (Debian: docker.io)")
    if os.geteuid() != 0:
        raise NoEngineError("no engine answers, and only root can start dockerd")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"unix://{folder}/docker.sock"
    command = [
        program,
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--host={address}",
        # Builds use the host's network, Compose makes networks of its own.
        "--bridge=none",
        "--log-level=warn",
    ]
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        _wait_until_it_answers(process, address, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount(folder)


def _unmount(folder: Path) -> None:
    """Unmount what dockerd leaves mounted when it ends: network namespaces."""
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for point in sorted(points, reverse=True):
        if point.startswith(f"{folder}/"):
            subprocess.run(["umount", point], check=True)


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(DockerException):
            client = docker.DockerClient(address)
            if client.ping():
                client.close()
                return
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").splitlines()[-3:]
            raise NoEngineError(f"dockerd did not start: {' | '.join(last)}")
        select.select([], [], [], 0.2)
