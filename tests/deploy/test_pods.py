"""Processes start with what their pods are given, and answer as the probes ask."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import grpc
import httpx
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from devstack.kubernetes_secrets import OVERLAYS
from devstack.nats import free_port
from devstack.testing import eventually
from tests.deploy.manifests import SERVICES, Overlay, Workload

MOUNTS = "/run/secrets"
NOBODY = "postgresql://soko_catalog:x@127.0.0.1:1/soko_catalog"
NO_BROKER = "nats://catalog:not-to-be-told@127.0.0.1:1"
OF_THE_OWNER = {"providers.json": "[]", "secrets": "", "smtp-url": "smtp://127.0.0.1:1"}


class Pod:
    """A process with a pod's variables and files, on other ports and below another folder."""

    def __init__(self, workload: Workload, folder: Path, database_url: str, nats_url: str) -> None:
        folder.mkdir(exist_ok=True)
        given = {"database-url": database_url, "nats-url": nats_url}
        self.workload, self.folder = workload, folder
        self.ports = {number: free_port() for number in workload.ports.values()}
        # Certificates are made by the overlay local; elsewhere cert-manager makes them.
        made = {**OVERLAYS["local"](folder), **OVERLAYS["production"](folder)}
        for path, secret, key in workload.files():
            file = folder / path.removeprefix("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            text = made.get(secret, {}).get(key, OF_THE_OWNER.get(key, "something"))
            file.write_text(given.get(key, text))

    @property
    def environment(self) -> dict[str, str]:
        changed = {name: self._here(value) for name, value in self.workload.environment.items()}
        return {"PATH": os.environ["PATH"], **changed}

    def _here(self, value: str) -> str:
        for former, present in self.ports.items():
            value = str(present) if value == str(former) else value
            value = value.replace(f"0.0.0.0:{former}", f"127.0.0.1:{present}")
        return value.replace(MOUNTS, str(self.folder / MOUNTS.removeprefix("/")))

    @contextmanager
    def running(self) -> Iterator[None]:
        command = [sys.executable, "-P", "-m", self.workload.name, "serve"]
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(30) == 0

    async def succeeds(self, kind: str) -> bool:
        """Ask as the kubelet does."""
        probe = self.workload.container[f"{kind}Probe"]
        if "httpGet" in probe:
            port = self.ports[self.workload.ports[probe["httpGet"]["port"]]]
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}{probe['httpGet']['path']}")
            except httpx.TransportError:
                return False
            return answer.status_code == 200
        asked = HealthCheckRequest(service=probe["grpc"].get("service", ""))
        address = f"127.0.0.1:{self.ports[probe['grpc']['port']]}"
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                answer = await HealthStub(channel).Check(asked, timeout=2)
            except grpc.aio.AioRpcError:
                return False
            return bool(answer.status == HealthCheckResponse.SERVING)


async def test_services_become_ready(
    production: Overlay, tmp_path: Path, make_database: Callable[[], str], nats_url: str
) -> None:
    pods = [
        Pod(production.workload(name), tmp_path / name, make_database(), nats_url)
        for name in SERVICES
    ]
    with ExitStack() as stack:
        for pod in pods:
            stack.enter_context(pod.running())
        for pod in pods:
            await eventually(partial(pod.succeeds, "startup"), timeout_s=60)
            await eventually(partial(pod.succeeds, "readiness"), timeout_s=20)
            assert await pod.succeeds("liveness")


async def test_a_service_without_database_lives_and_is_not_ready(
    production: Overlay, tmp_path: Path
) -> None:
    pod = Pod(production.workload("catalog"), tmp_path, NOBODY, NO_BROKER)
    with pod.running():
        await eventually(lambda: pod.succeeds("startup"), timeout_s=60)
        assert await pod.succeeds("liveness")
        assert not await pod.succeeds("readiness")
    # Whoever reads logs must not learn the broker's password.
    log = (tmp_path / "log").read_text()
    assert "broker_away" in log
    assert "not-to-be-told" not in log


async def test_a_gateway_alone_lives_and_is_not_ready(production: Overlay, tmp_path: Path) -> None:
    pod = Pod(production.workload("gateway"), tmp_path, NOBODY, NO_BROKER)
    with pod.running():
        await eventually(lambda: pod.succeeds("startup"), timeout_s=60)
        assert await pod.succeeds("liveness")
        assert not await pod.succeeds("readiness")
