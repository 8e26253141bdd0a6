"""Figures of a process, as Prometheus gets them."""

import asyncio
import socket

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter

from chassis.database import Database
from chassis.errors import ServiceError
from chassis.metrics import POOLS, count_money, serve_metrics


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def test_figures_are_served_to_whom_the_port_is_open() -> None:
    serve_metrics("orders", None)
    port = free_port()
    serve_metrics("orders", port, "127.0.0.1")
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    assert 'soko_process_info{context="orders",version="' in answer.text
    assert "_created" not in answer.text


def test_workers_share_a_port_and_others_do_not() -> None:
    port = free_port()
    for _ in range(2):
        serve_metrics("gateway", port, "127.0.0.1", shared=True)
    with pytest.raises(SystemExit, match=f"no metrics on 127.0.0.1:{port}"):
        serve_metrics("orders", port, "127.0.0.1")


async def test_pools_tell_how_they_are_used(migrated_url: str) -> None:
    def told(name: str) -> float | None:
        return REGISTRY.get_sample_value(f"soko_database_pool_{name}", {"context": "pooled"})

    database = Database(migrated_url, max_size=1, acquire_timeout_s=0.2)
    await database.open()
    POOLS.watch("pooled", database)
    assert (told("max"), told("in_use"), told("waiting")) == (1, 0, 0)
    async with database.transaction():
        asking = asyncio.create_task(database.ping())
        await asyncio.sleep(0)
        assert (told("in_use"), told("waiting"), told("open")) == (1, 1, 1)
        with pytest.raises(ServiceError):
            await asking
    assert (told("in_use"), told("waiting"), told("timeouts_total")) == (0, 0, 1)
    await database.close()


def test_money_is_counted_in_units_of_its_currency() -> None:
    registry = CollectorRegistry()
    counter = Counter("money", "Money.", ("what", "currency"), registry=registry)
    for currency in ("KES", "JPY", "KWD", "made-up"):
        count_money(counter, 129_900, currency, "sold")
    found = {
        sample.labels["currency"]: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "money_total"
    }
    assert found == {"KES": 1299.0, "JPY": 129_900, "KWD": 129.9}
