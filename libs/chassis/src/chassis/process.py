"""The life of a service process: settings, logs, server, background work, drain, end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import stat
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import grpc
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from pydantic_settings import BaseSettings

from chassis import failpoints
from chassis.auth import AccessTokenVerifier
from chassis.clock import SystemClock
from chassis.grpc_client import Peer
from chassis.grpc_server import SERVER_OPTIONS, RequestInterceptor
from chassis.logs import configure_logging, get_logger
from chassis.metrics import POOLS, serve_metrics
from chassis.periodic import pause
from chassis.settings import ProcessSettings, load_file_variables
from chassis.shared_calls_server import AddServicer, add_services
from chassis.telemetry import configure_tracing
from chassis.tls import is_local

if TYPE_CHECKING:
    from chassis.audit import Audit
    from chassis.broker import Broker
    from chassis.database import Database

_DRAIN_S = 5.0
_HEALTH_INTERVAL_S = 2.0
_RESTART_PAUSE_S = 1.0
LIVE = "live"
"""What health checks ask for that look at this process alone: a database that is away is no reason
to start it anew."""
_log = get_logger(__name__)

S = TypeVar("S", bound=ProcessSettings)
Loaded = TypeVar("Loaded", bound=BaseSettings)


class Background(Protocol):
    """Work beside the requests: a relay, a consumer, a sweeper."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish what is under way and return."""
        ...


@dataclass
class ServiceApp:
    """What a service is made of, as its ``bootstrap.build`` put it together."""

    services: list[tuple[AddServicer, object]]
    """Pairs of a generated ``add_...Servicer_to_server`` and the servicer."""
    background: list[Background] = field(default_factory=list)
    databases: list[Database] = field(default_factory=list)
    """The last one is what the chassis itself uses: audit log, dead letters."""
    broker: Broker | None = None
    close: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Called at the end, last first."""
    fetch_jwks: Callable[[], Awaitable[str]] | None = None
    """The issuer's keys; by default they are asked of identity."""
    audit: Audit | None = None
    """What the service says of its own data to an auditor."""


@dataclass
class ServiceContext(Generic[S]):
    """What ``bootstrap.build`` is given."""

    name: str
    settings: S
    peers: list[Peer] = field(default_factory=list)

    def peer(self, name: str, target: str, *, default_timeout_s: float = 3.0) -> Peer:
        """Return a channel to another service, closed at the end of the process."""
        peer = Peer(
            name,
            target,
            service=self.name,
            default_timeout_s=default_timeout_s,
            tls=self.settings.tls,
        )
        self.peers.append(peer)
        return peer


def run_service(
    name: str, settings: S, build: Callable[[ServiceContext[S]], Awaitable[ServiceApp]]
) -> None:
    """Run a service until SIGTERM or SIGINT, then drain it.

    ``build`` constructs the adapters; databases and the broker are opened here.
    """
    configure_logging(name, settings.log_level, settings.log_format)
    configure_tracing(name, settings)
    serve_metrics(name, settings.metrics_port, settings.metrics_host)
    failpoints.watch(name, settings.failpoints)
    uvloop.run(_serve(ServiceContext(name, settings), build))


def operators_services(name: str, app: ServiceApp) -> list[tuple[AddServicer, object]]:
    """Return what every service with a database offers its operators; the last one is asked."""
    from chassis.audit_log_server import AuditLogServicer
    from chassis.consumer import EventConsumer
    from chassis.ops_server import OpsServicer
    from soko.audit.v1.log_pb2_grpc import add_AuditLogServiceServicer_to_server
    from soko.ops.v1.ops_pb2_grpc import add_OpsServiceServicer_to_server

    if not app.databases:
        return []
    db = app.databases[-1]
    consumers = [work for work in app.background if isinstance(work, EventConsumer)]
    return [
        (add_AuditLogServiceServicer_to_server, AuditLogServicer(db, SystemClock())),
        (add_OpsServiceServicer_to_server, OpsServicer(name, db, app.broker, consumers)),
    ]


def calm_garbage_collection() -> None:
    """Look for reference cycles less often, and never among what the start has made.

    Requests leave few cycles; with Python's own thresholds a few per cent of the CPU look for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def load_settings(cls: type[Loaded]) -> Loaded:
    """Read a process's settings from the environment and from ``_FILE`` variables.

    Ends the process with one line per mistake when a setting is missing or wrong.
    """
    from pydantic import ValidationError

    try:
        load_file_variables()
        return cls()
    except (ValidationError, OSError) as error:
        if isinstance(error, OSError):
            raise SystemExit(f"cannot read a settings file: {error}") from None
        # What several settings together get wrong has no name.
        names = [f"SOKO_{str(e['loc'][0]).upper()}: " if e["loc"] else "" for e in error.errors()]
        lines = [name + e["msg"] for name, e in zip(names, error.errors(), strict=True)]
        raise SystemExit("\n".join(lines)) from None


async def _serve(
    context: ServiceContext[S], build: Callable[[ServiceContext[S]], Awaitable[ServiceApp]]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = await build(context)
    async with contextlib.AsyncExitStack() as stack:
        for close in [*(peer.close for peer in context.peers), *app.close]:
            stack.push_async_callback(close)
        for database in app.databases:
            await database.open()
            POOLS.watch(context.name, database)
            stack.push_async_callback(database.close)
        if app.broker is not None:
            await app.broker.connect()
            stack.push_async_callback(app.broker.close)
        await _run(context, app, stop)


async def _run(context: ServiceContext[S], app: ServiceApp, stop: asyncio.Event) -> None:
    settings = context.settings
    verifier = AccessTokenVerifier(app.fetch_jwks or _ask_identity(context))
    interceptor = RequestInterceptor(verifier, certified=_is_certified(settings))
    server = grpc.aio.server(interceptors=[interceptor], options=SERVER_OPTIONS)
    add_services(server, interceptor, [*app.services, *operators_services(context.name, app)])
    if settings.metrics_port is not None:
        app.background += _figures(context.name, app)
    if app.audit is not None:
        _add_audit(server, app.audit, app.background)
    status = health.aio.HealthServicer()
    await status.set(LIVE, health_pb2.HealthCheckResponse.SERVING)
    # Until somebody has looked.
    await status.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    if not settings.production:
        _add_reflection(server)
    _listen(server, settings)
    await server.start()
    probes = await _answer_probes(settings, status)
    calm_garbage_collection()
    tasks = [asyncio.create_task(_keep_running(work, stop)) for work in _background(app)]
    tasks.append(asyncio.create_task(_watch_health(status, app, stop)))
    _log.info("serving", listen=settings.grpc_listen)
    await stop.wait()
    _log.info("draining")
    await status.enter_graceful_shutdown()
    await asyncio.sleep(settings.drain_delay_s)
    await server.stop(_DRAIN_S)
    if probes is not None:
        await probes.stop(0)
    _, late = await asyncio.wait(tasks, timeout=_DRAIN_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    _log.info("stopped")


def _background(app: ServiceApp) -> list[Background]:
    from chassis.audit_log_server import AuditLogKeeper

    keepers = [AuditLogKeeper(db, SystemClock()) for db in app.databases[-1:]]
    return [*app.background, *keepers]


def _is_certified(settings: ProcessSettings) -> bool:
    return settings.tls is not None and not is_local(settings.grpc_listen)


def _listen(server: grpc.aio.Server, settings: ProcessSettings) -> None:
    """Take the address: with certificates over TCP, or a unix socket in a folder of our own.

    Ends the process for a folder that others can enter: who reaches the socket is believed.
    """
    address = settings.grpc_listen
    if settings.tls is not None and not is_local(address):
        server.add_secure_port(address, settings.tls.server_credentials())
        return
    if is_local(address):
        folder = Path(address.removeprefix("unix:")).parent
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SystemExit(f"{folder} can be entered by others: chmod 700 {folder}")
    else:
        _log.warning("serving_plain_text", listen=address)
    server.add_insecure_port(address)


async def _answer_probes(
    settings: ProcessSettings, status: health.aio.HealthServicer
) -> grpc.aio.Server | None:
    """Answer health checks, and nothing else, to probes that have no certificate."""
    if not settings.probe_listen:
        return None
    probes = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(status, probes)
    probes.add_insecure_port(settings.probe_listen)
    await probes.start()
    return probes


async def _keep_running(work: Background, stop: asyncio.Event) -> None:
    """Run background work again after an error that it did not handle: it must not end silently."""
    while not stop.is_set():
        try:
            await work.run(stop)
        except Exception:
            _log.exception("background_failed", work=type(work).__name__)
            await pause(stop, _RESTART_PAUSE_S)
        else:
            return


async def _watch_health(
    status: health.aio.HealthServicer, app: ServiceApp, stop: asyncio.Event
) -> None:
    """Answer health checks by whether the databases do, at most two seconds late."""
    while not stop.is_set():
        healthy = True
        for database in app.databases:
            try:
                async with asyncio.timeout(_HEALTH_INTERVAL_S):
                    await database.ping()
            except Exception as error:
                _log.warning("database_away", error=str(error))
                healthy = False
        await status.set(
            "",
            health_pb2.HealthCheckResponse.SERVING
            if healthy
            else health_pb2.HealthCheckResponse.NOT_SERVING,
        )
        await pause(stop, _HEALTH_INTERVAL_S)


def _ask_identity(context: ServiceContext[S]) -> Callable[[], Awaitable[str]]:
    from soko.identity.v1 import key_pb2, key_pb2_grpc

    peer = context.peer("identity", context.settings.identity_target)
    stub = key_pb2_grpc.KeyServiceStub(peer.channel)

    async def fetch() -> str:
        answer = await peer.call(stub.GetJwks, key_pb2.GetJwksRequest(), retry=True)
        return answer.jwks_json

    return fetch


def _figures(name: str, app: ServiceApp) -> Sequence[Background]:
    from chassis.event_figures import event_figures

    return event_figures(name, app.databases, app.broker, app.background)


def _add_audit(server: grpc.aio.Server, audit: Audit, background: Sequence[Background]) -> None:
    from chassis.audit_server import AuditServicer
    from chassis.consumer import EventConsumer
    from soko.audit.v1 import audit_pb2_grpc

    heard = [work.subscription for work in background if isinstance(work, EventConsumer)]
    audit_pb2_grpc.add_AuditServiceServicer_to_server(AuditServicer(audit, heard), server)


def _add_reflection(server: grpc.aio.Server) -> None:
    from grpc_reflection.v1alpha import reflection

    reflection.enable_server_reflection((reflection.SERVICE_NAME,), server)
