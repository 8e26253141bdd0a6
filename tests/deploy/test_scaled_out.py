"""The processes of the overlay production sell as replicas over TCP, with certificates.

What is of the cluster alone is changed: ports, folders, and lists of addresses for names.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from devstack.nats import NatsServer
from devstack.nats_users import passwords
from devstack.testing import eventually
from tests.deploy.manifests import SERVICES, Overlay
from tests.deploy.pods import Pod
from tests.e2e.marketplace import Marketplace

REPLICAS = {"orders": 2, "catalog": 2}
CASH = {"type": "cash_on_delivery"}
NOWHERE = {"redis-url": "redis://127.0.0.1:1/0"}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats", passwords=passwords(tmp_path), durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def pods(
    production: Overlay, tmp_path: Path, broker: NatsServer, make_database: Callable[[], str]
) -> dict[str, list[Pod]]:
    databases = {service: make_database() for service in SERVICES}
    migrations = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", service, "migrate"], env={"SOKO_DATABASE_URL": url}
        )
        for service, url in databases.items()
    ]
    assert [each.wait() for each in migrations] == [0] * len(SERVICES)
    made: dict[str, list[Pod]] = {}
    for name in ("gateway", *SERVICES):
        given = {"nats-url": broker.url_for(name), "database-url": databases.get(name, "")}
        made[name] = [
            Pod(
                production.workload(name),
                tmp_path / f"{name}-{number}",
                NOWHERE | given,
                secrets=tmp_path,
            )
            for number in range(REPLICAS.get(name, 1))
        ]
    places = {name: [pod.port("grpc") for pod in made[name]] for name in SERVICES}
    for pod in (pod for replicas in made.values() for pod in replicas):
        pod.places = places
        # One broker keeps a stream once. Nobody but this machine is to reach the gateway.
        pod.changed = {"SOKO_STREAM_REPLICAS": "1", "SOKO_HTTP_HOST": "127.0.0.1"}
    return made


def answered(pod: Pod) -> float:
    """Return how many calls a replica has answered, as Prometheus is told."""
    text = httpx.get(f"http://127.0.0.1:{pod.port('metrics')}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("soko_rpc_handled_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


async def test_replicas_sell_while_some_of_them_end(pods: dict[str, list[Pod]]) -> None:
    (gateway,) = pods["gateway"]
    (identity,) = pods["identity"]
    url = f"http://127.0.0.1:{gateway.port('http')}"

    def grant(email: str, role: str) -> None:
        command = [sys.executable, "-P", "-m", "identity", "grant", email, role]
        subprocess.run(command, env=identity.environment, check=True)

    with ExitStack() as stack:
        processes = {
            (name, number): stack.enter_context(pod.running())
            for name, replicas in pods.items()
            for number, pod in enumerate(replicas)
        }
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            market = Marketplace(client, grant)
            await eventually(partial(gateway.succeeds, "startup"), timeout_s=60)
            await eventually(market.is_ready, timeout_s=60)
            owner, seller = await market.open_seller()
            category = await market.category(await market.staff("admin"))
            product = await market.product(owner, seller, category, on_hand=20)
            for number in range(12):
                if number == 6:
                    # Those that are left have sold before.
                    for name in REPLICAS:
                        assert min(map(answered, pods[name])) > 0
                        processes[name, 0].terminate()
                cart = await market.cart((product.variant_id, 1))
                sold = await market.checkout(cart, method=CASH)
                assert sold.status_code == 201, sold.text
            stock = await market.stock(owner, product.variant_id)
            assert stock["available"] == 8
