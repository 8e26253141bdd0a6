"""Where the figures of all workers are."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, multiprocess

from gateway.supervisor import METRICS_DIRECTORY


def figures_of_workers() -> CollectorRegistry:
    """Return what can tell the figures of every worker of this gateway, summed up."""
    if METRICS_DIRECTORY not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
