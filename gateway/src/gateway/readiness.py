"""Whether the gateway serves, and which of the things behind it answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from chassis.broker import Broker
from gateway.backend import Backend, Service

_CHECK_TIMEOUT_S = 1.0
_KEEP_S = 0.25
"""Checks of the same moment share one answer: probes must not load what they probe."""

Check = Callable[[], Awaitable[str]]
"""Returns an empty text when all is well, else what is wrong."""


@dataclass(frozen=True, slots=True)
class State:
    """What ``/readyz`` answers."""

    status: str
    checks: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, per thing; empty where all is well."""

    @property
    def http_status(self) -> int:
        """200 while requests can be served, if only some of them."""
        if self.status == "ready":
            return 200
        anything = any(not wrong for wrong in self.checks.values())
        return 200 if self.status == "degraded" and anything else 503

    def document(self) -> dict[str, object]:
        """Return the answer's body."""
        return {
            "status": self.status,
            "checks": {
                name: {"ok": False, "detail": wrong} if wrong else {"ok": True}
                for name, wrong in self.checks.items()
            },
        }


class Readiness:
    """Asks everything behind the gateway, in parallel and briefly."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._started = False
        self._draining = False
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[State] | None = None

    def started(self) -> None:
        """Say that the gateway has finished starting."""
        self._started = True

    @property
    def is_started(self) -> bool:
        """Whether the gateway has finished starting."""
        return self._started

    def draining(self) -> None:
        """Say that the gateway is about to end."""
        self._draining = True

    async def state(self) -> State:
        """Return the state of this moment; takes about a second at most."""
        fresh = time.monotonic() - self._asked_at < _KEEP_S
        if self._asking is None or (self._asking.done() and not fresh):
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> State:
        found = await asyncio.gather(*(_bounded(check) for check in self._checks.values()))
        checks = dict(zip(self._checks, found, strict=True))
        if self._draining:
            return State("draining", checks)
        if not self._started:
            return State("starting", checks)
        return State("degraded" if any(found) else "ready", checks)


async def _bounded(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            return await check()
    except TimeoutError:
        return "no answer"


def service_check(service: Service) -> Check:
    """Return the check of a service by the gRPC health protocol."""

    async def check() -> str:
        try:
            reply: HealthCheckResponse = await service.check_health(
                HealthCheckRequest(), timeout=_CHECK_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            away = error.code() is grpc.StatusCode.UNAVAILABLE
            return "away" if away else error.code().name.lower()
        serving = reply.status == HealthCheckResponse.SERVING
        return "" if serving else "not serving: its database is away"

    return check


def broker_check(broker: Broker) -> Check:
    """Return the check of the connection to NATS."""

    async def check() -> str:
        return "" if broker.connected else "away"

    return check


def checks_of(backend: Backend, broker: Broker) -> dict[str, Check]:
    """Return the checks of everything behind the gateway."""
    checks = {service.name: service_check(service) for service in backend.services}
    checks["broker"] = broker_check(broker)
    return checks
