"""Processes with what their pods are given, on this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from devstack.kubernetes_secrets import OVERLAYS
from devstack.nats import free_port
from tests.deploy.manifests import Workload

MOUNTS = "/run/secrets"
OF_THE_OWNER = {"providers.json": "[]", "secrets": "", "smtp-url": "smtp://127.0.0.1:1"}


class Pod:
    """A process with a pod's variables and files, on other ports and below another folder."""

    def __init__(
        self,
        workload: Workload,
        folder: Path,
        given: Mapping[str, str],
        secrets: Path | None = None,
    ) -> None:
        """``given`` are files that differ from the made ones, by key; those lie in ``secrets``."""
        folder.mkdir(exist_ok=True)
        secrets = secrets or folder
        self.changed: dict[str, str] = {}
        self.places: Mapping[str, Sequence[int]] = {}
        """Ports of the replicas of each service."""
        self.workload, self.folder = workload, folder
        self.ports = {number: free_port() for number in workload.ports.values()}
        # Certificates are made by the overlay local; elsewhere cert-manager makes them.
        made = {**OVERLAYS["local"](secrets), **OVERLAYS["production"](secrets)}
        for path, secret, key in workload.files():
            file = folder / path.removeprefix("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            text = made.get(secret, {}).get(key, OF_THE_OWNER.get(key, "something"))
            file.write_text(given.get(key, text))

    @property
    def environment(self) -> dict[str, str]:
        here = {name: self._here(value) for name, value in self.workload.environment.items()}
        return {"PATH": os.environ["PATH"], **here, **self.changed}

    def _here(self, value: str) -> str:
        for former, present in self.ports.items():
            value = str(present) if value == str(former) else value
            value = value.replace(f"0.0.0.0:{former}", f"127.0.0.1:{present}")
        if value.startswith("dns:///"):
            name = value.removeprefix("dns:///").partition(":")[0]
            # As many addresses as the headless Service would have.
            value = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self.places.get(name, [1]))
        return value.replace(MOUNTS, str(self.folder / MOUNTS.removeprefix("/")))

    def port(self, name: str) -> int:
        return self.ports[self.workload.ports[name]]

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-P", "-m", self.workload.name, "serve"]
        with (self.folder / "log").open("w") as log:
            process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(30) == 0

    async def succeeds(self, kind: str) -> bool:
        """Ask as the kubelet does."""
        probe = self.workload.container[f"{kind}Probe"]
        if "httpGet" in probe:
            port = self.port(probe["httpGet"]["port"])
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
