"""What a stack does now, as ``soko status`` tells it."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.health_probe import gateway_readiness
from devstack.home import Home
from devstack.processes import memory_mib
from devstack.running import running_state
from devstack.stack import METRICS_HOST, metrics_ports


@dataclass(frozen=True)
class ServiceReport:
    """One process, with its children."""

    name: str
    pid: int
    state: str
    rss_mib: float
    pss_mib: float | None
    restarts: int
    metrics: str = ""
    """Where it tells figures to Prometheus, if it was started with a port for them."""


@dataclass(frozen=True)
class StackReport:
    """The whole stack."""

    state: str
    """running, stopped, or degraded: something is away, or it is only just starting."""
    url: str
    services: tuple[ServiceReport, ...] = ()
    detail: tuple[str, ...] = ()
    """What is wrong, one line each."""


def report(home: Home) -> StackReport:
    """Look at every process of the stack and ask the gateway how it is."""
    state = running_state(home)
    if state is None or state.phase in {"stopped", "failed"}:
        return StackReport("stopped", "")
    readiness = gateway_readiness(state.host, state.port)
    told = metrics_ports(state.metrics_port) if state.metrics_port else {}
    services = []
    for component in state.components:
        alive = component.process.alive
        rss, pss = memory_mib(component.pid) if alive else (0.0, 0.0)
        services.append(
            ServiceReport(
                name=component.name,
                pid=component.pid,
                state=component.state if alive or component.state != "ready" else "restarting",
                rss_mib=round(rss, 1),
                pss_mib=None if pss is None else round(pss, 1),
                restarts=component.restarts,
                metrics=f"http://{METRICS_HOST}:{told[component.name]}/metrics"
                if component.name in told
                else "",
            )
        )
    rss, pss = memory_mib(state.pid, alone=True)
    pss_mib = None if pss is None else round(pss, 1)
    services.append(
        ServiceReport("supervisor", state.pid, "ready", round(rss, 1), pss_mib, restarts=0)
    )
    well = readiness.status == "ready" and all(s.state == "ready" for s in services)
    detail = readiness.ailing if readiness.status else ("the gateway does not answer",)
    return StackReport(
        "running" if well else "degraded", state.url, tuple(services), () if well else detail
    )
