"""What is in the images."""

import json
import re
from collections.abc import Mapping

import docker
import pytest

from devstack.image_locks import FOLDER, IMAGES, needs_of
from devstack.locks import local_projects
from tests.deploy.containers.conftest import VERSION

LARGEST_BYTES = 220 * 1024 * 1024
_INSTALLED = (
    "import json, importlib.metadata as m;"
    "print(json.dumps({d.name.lower().replace('_', '-'): d.version for d in m.distributions()}))"
)


def test_no_image_is_large(images: Mapping[str, int]) -> None:
    print("\n" + "\n".join(f"{name}: {size / 2**20:.0f} MiB" for name, size in images.items()))
    assert not {name: size for name, size in images.items() if size > LARGEST_BYTES}


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_holds_its_lock_and_nothing_else(
    client: docker.DockerClient, images: Mapping[str, int], service: str
) -> None:
    lock = (FOLDER / f"{service}.lock").read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.+!-]+)", lock, re.MULTILINE))
    ours = dict.fromkeys(set(needs_of(IMAGES[service])) & set(local_projects()), VERSION)
    output = client.containers.run(
        f"{IMAGES[service]}:{VERSION}",
        ["-c", _INSTALLED],
        entrypoint="python",
        remove=True,
        read_only=True,
        network_mode="none",
    )
    assert json.loads(output) == {**pinned, **ours}


def test_nothing_in_an_image_is_its_users_to_change(
    client: docker.DockerClient, images: Mapping[str, int]
) -> None:
    writable = "find / -xdev -writable -type f -not -path '/proc/*' -not -path '/dev/*'"
    script = f"id -u; {writable} 2>/dev/null; true"
    output = client.containers.run(
        f"{IMAGES['orders']}:{VERSION}",
        ["-c", script],
        entrypoint="sh",
        remove=True,
        read_only=True,
        network_mode="none",
    )
    assert output.decode().split() == ["10001"]
