"""Processes start with what their pods are given, and answer as the probes ask."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from devstack.testing import eventually
from tests.deploy.manifests import SERVICES, Overlay
from tests.deploy.pods import Pod

NOBODY = {
    "database-url": "postgresql://soko_catalog:x@127.0.0.1:1/soko_catalog",
    "nats-url": "nats://catalog:not-to-be-told@127.0.0.1:1",
}


async def test_services_become_ready(
    production: Overlay, tmp_path: Path, make_database: Callable[[], str], nats_url: str
) -> None:
    pods = [
        Pod(
            production.workload(name),
            tmp_path / name,
            {"database-url": make_database(), "nats-url": nats_url},
        )
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
    pod = Pod(production.workload("catalog"), tmp_path, NOBODY)
    with pod.running():
        await eventually(lambda: pod.succeeds("startup"), timeout_s=60)
        assert await pod.succeeds("liveness")
        assert not await pod.succeeds("readiness")
    # Whoever reads logs must not learn the broker's password.
    log = (tmp_path / "log").read_text()
    assert "broker_away" in log
    assert "not-to-be-told" not in log


async def test_a_gateway_alone_lives_and_is_not_ready(production: Overlay, tmp_path: Path) -> None:
    pod = Pod(production.workload("gateway"), tmp_path, NOBODY)
    with pod.running():
        await eventually(lambda: pod.succeeds("startup"), timeout_s=60)
        assert await pod.succeeds("liveness")
        assert not await pod.succeeds("readiness")
