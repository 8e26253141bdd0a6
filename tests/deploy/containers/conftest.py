"""A Docker engine, the images, and Compose in each implementation that can be had."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from devstack.home import ROOT
from devstack.image_locks import IMAGES
from tests.deploy.containers.engine import NoEngineError, engine
from tests.deploy.containers.standins import PYTHON, PYTHON_BUILD, StandIns, pulled

VERSION = "0.1.0"


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """Where everything of this run lies; SOKO_CONTAINER_FOLDER keeps it for the next one."""
    kept = os.environ.get("SOKO_CONTAINER_FOLDER")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="soko-containers-") as made:
        yield Path(made)


@pytest.fixture(scope="session")
def client(folder: Path) -> Iterator[docker.DockerClient]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(engine(folder / "engine"))
        except NoEngineError as error:
            pytest.exit(f"CONTAINER TESTS LEFT OUT: {error}", returncode=0)
        yield found


@pytest.fixture(scope="session")
def stand_ins(client: docker.DockerClient, folder: Path) -> StandIns:
    return StandIns(client, folder)


@pytest.fixture(scope="session")
def images(client: docker.DockerClient, stand_ins: StandIns) -> Mapping[str, int]:
    """Every image of ours, built; its size in bytes by its service."""
    bases = {}
    if not (pulled(client, PYTHON) and pulled(client, PYTHON_BUILD)):
        bases = {"RUN_IMAGE": stand_ins.python(), "BUILD_IMAGE": stand_ins.python_build()}
    sizes = {}
    for service, name in IMAGES.items():
        image, _ = client.images.build(
            path=str(ROOT),
            tag=f"{name}:{VERSION}",
            buildargs={**bases, "SERVICE": service},
            network_mode="host",
            rm=True,
        )
        sizes[service] = image.attrs["Size"]
    return sizes


@pytest.fixture(scope="session")
def third_party(client: docker.DockerClient, stand_ins: StandIns) -> Mapping[str, str]:
    """The variables that name the images of others, where they cannot be pulled."""
    made = {
        "SOKO_POSTGRES_IMAGE": ("pgvector/pgvector:pg18-trixie", stand_ins.postgres),
        "SOKO_NATS_IMAGE": ("nats:2.15-alpine", stand_ins.nats),
        "SOKO_MAIL_IMAGE": ("axllent/mailpit:v1.27", stand_ins.mail),
    }
    return {variable: make() for variable, (name, make) in made.items() if not pulled(client, name)}


@pytest.fixture(scope="session")
def compose_v1() -> list[str]:
    """Debian's docker-compose 1.29."""
    program = shutil.which("docker-compose")
    assert program is not None, "docker-compose is missing (Debian: docker-compose)"
    return [program]


@pytest.fixture(scope="session")
def compose_v2(stand_ins: StandIns) -> list[str]:
    """The plugin of this machine's docker, or else a newer Debian's."""
    plugin = ["docker", "compose"]
    found = subprocess.run([*plugin, "version"], capture_output=True, check=False)
    return plugin if found.returncode == 0 else [str(stand_ins.compose())]
