"""Prometheus metrics that every process has, and the port that they are asked for at.

No label of ours is called as one that Prometheus or its operator gives to a target (job, instance,
service, namespace, pod, ...), so that none is renamed. Labels take words of the code, never of a
request. ``docs/metrics.md`` says of each metric what it means and how replicas add up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib.metadata import version
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    make_wsgi_app,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from chassis.iso import CURRENCY_EXPONENTS

if TYPE_CHECKING:
    from chassis.database import Database

# When each series began is as many series again, and nothing asks for it.
disable_created_metrics()  # type: ignore[no-untyped-call]
_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

RPC_HANDLED = Counter(
    "soko_rpc_handled_total", "RPCs that this process answered.", ("method", "kind")
)
RPC_SECONDS = Histogram(
    "soko_rpc_seconds",
    "How long this process took to answer an RPC.",
    ("method",),
    buckets=_LATENCY_BUCKETS_S,
)
PROCESS = Gauge(
    "soko_process_info",
    "1 for each process; its version is a label.",
    ("context", "version"),
    multiprocess_mode="max",
)


class _PoolCollector(Collector):
    """Reads how databases' connections are used when somebody asks, and not before."""

    def __init__(self) -> None:
        self._databases: list[tuple[str, Database]] = []

    def watch(self, context: str, database: Database) -> None:
        """Tell of a database of a context from now on."""
        self._databases.append((context, database))

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Give the figures, summed up where a process has several pools of one database."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
            "open": GaugeMetricFamily(
                "soko_database_pool_open", "Open connections.", labels=("context",)
            ),
            "most": GaugeMetricFamily(
                "soko_database_pool_max", "Connections there may be.", labels=("context",)
            ),
            "in_use": GaugeMetricFamily(
                "soko_database_pool_in_use", "Connections in use.", labels=("context",)
            ),
            "waiting": GaugeMetricFamily(
                "soko_database_pool_waiting", "Who waits for a connection.", labels=("context",)
            ),
            "timeouts": CounterMetricFamily(
                "soko_database_pool_timeouts",
                "How often a connection was waited for in vain.",
                labels=("context",),
            ),
        }
        for context in {context for context, _ in self._databases}:
            usages = [each.usage for name, each in self._databases if name == context]
            for field, family in families.items():
                family.add_metric([context], sum(getattr(usage, field) for usage in usages))
        yield from families.values()


POOLS = _PoolCollector()
REGISTRY.register(POOLS)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Take the address, without asking the name service how it is called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()


class _SharedServer(_Server):
    # Each worker of a program may listen: any of them answers for all.
    allow_reuse_port = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing of each scrape."""


def serve_metrics(
    context: str,
    port: int | None,
    host: str = "",
    *,
    registry: CollectorRegistry = REGISTRY,
    shared: bool = False,
) -> None:
    """Serve ``/metrics`` for Prometheus on a port, if there is one, from a thread.

    Every path answers the same. An empty ``host`` is every interface; ``shared`` lets other
    processes listen on the port besides. Ends the process with a sentence when it is taken.
    """
    PROCESS.labels(context, version(f"soko-{context}")).set(1)
    if port is None:
        return
    kind = _SharedServer if shared else _Server
    try:
        server = make_server(host, port, make_wsgi_app(registry), kind, _Quiet)
    except OSError as error:
        raise SystemExit(f"no metrics on {host}:{port}: {error.strerror}") from None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


def count_money(counter: Counter, amount_minor: int, currency: str, *labels: str) -> None:
    """Add an amount to a counter in whole units of its currency, the last of its labels.

    These are figures to watch, not to keep books by: they are floats, begin at nothing with each
    process, and a process that is killed takes some seconds of them along.
    """
    exponent = CURRENCY_EXPONENTS.get(currency)
    if exponent is None:
        return
    counter.labels(*labels, currency).inc(amount_minor / 10**exponent)
