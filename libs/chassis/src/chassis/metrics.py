"""Prometheus metrics that every process has."""

from __future__ import annotations

from prometheus_client import Counter, Histogram, start_http_server

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


def serve_metrics(port: int | None) -> None:
    """Serve ``/metrics`` for Prometheus on a port, if there is one."""
    if port is not None:
        start_http_server(port)
