"""One worker: uvicorn with our signals, limits and logging."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn
import uvloop

from chassis.logs import configure_logging, get_logger
from chassis.metrics import serve_metrics
from chassis.process import calm_garbage_collection
from chassis.telemetry import configure_tracing
from gateway.bootstrap import Gateway
from gateway.figures import figures_of_workers
from gateway.http_protocol import limited_protocol
from gateway.security_headers import default_headers
from gateway.settings import GatewaySettings

_WEBSOCKET_MAX_BYTES = 64 * 1024
_BACKLOG = 2048
_KEEP_ALIVE_S = 65
"""Longer than load balancers keep theirs (60 s), so that they close first."""
_log = get_logger(__name__)


class _Server(uvicorn.Server):
    """Ends on SIGTERM and SIGINT by itself, without raising the signal again afterwards."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._drain)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _drain(self) -> None:
        self._gateway.draining()
        delay_s = self._gateway.settings.drain_delay_s
        asyncio.get_running_loop().call_later(delay_s, setattr, self, "should_exit", True)


def serve(settings: GatewaySettings, sock: socket.socket) -> None:
    """Serve a bound socket until SIGTERM or SIGINT, then let open requests finish."""
    configure_logging("gateway", settings.log_level, settings.log_format)
    configure_tracing("gateway", settings)
    # Its access lines would hold the tickets and tokens of WebSocket addresses.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    serve_metrics(
        "gateway",
        settings.metrics_port,
        settings.metrics_host,
        registry=figures_of_workers(),
        shared=settings.http_workers > 1,
    )
    gateway = Gateway(settings)
    server = _Server(server_config(gateway), gateway)
    calm_garbage_collection()
    uvloop.run(server.serve(sockets=[sock]))


def server_config(gateway: Gateway) -> uvicorn.Config:
    """Return how uvicorn serves a gateway."""
    return uvicorn.Config(
        gateway.asgi,
        http=limited_protocol(gateway.connections),
        ws="websockets-sansio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # It would believe whoever connects from this machine; see client_address.py.
        proxy_headers=False,
        headers=default_headers(gateway.settings.public_url),
        backlog=_BACKLOG,
        ws_max_size=_WEBSOCKET_MAX_BYTES,
        ws_per_message_deflate=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=gateway.settings.drain_s,
    )
