"""The outermost layer: ids, limits, measurements and the last line of defence."""

from __future__ import annotations

import time

from prometheus_client import Counter, Gauge, Histogram
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import KINDS, ServiceError
from chassis.logs import get_logger
from chassis.telemetry import describe, recorded, span, start_trace
from gateway.access_log import AccessLog
from gateway.bodies.json_body import too_large
from gateway.cached_reads import CachedReads
from gateway.client_address import ClientAddresses
from gateway.cors import Cors
from gateway.problem import internal, problem_response
from gateway.security_headers import guard
from gateway.throttle import Hesitation, Throttle
from gateway.visit import SCOPE_KEY, Visit, request_id_from

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
REQUESTS = Counter(
    "soko_http_requests_total",
    "Requests that reached the application; reads from the cache are counted apart.",
    ("method", "route", "status"),
)
SECONDS = Histogram(
    "soko_http_request_seconds",
    "How long the application took to answer.",
    ("route",),
    buckets=_BUCKETS_S,
)
IN_FLIGHT = Gauge(
    "soko_http_requests_in_flight",
    "Requests that are being answered.",
    multiprocess_mode="livesum",
)
_STATUS = "http.response.status_code"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MAX_BODY_BYTES = 4 * 1024 * 1024
"""No operation takes more; most take much less and say so themselves."""
_log = get_logger(__name__)


class Door:
    """Lets requests in: cached reads are answered here, the rest goes to the application."""

    def __init__(
        self,
        app: ASGIApp,
        reads: CachedReads,
        log: AccessLog,
        addresses: ClientAddresses,
        throttle: Throttle,
        cors: Cors,
    ) -> None:
        self._app = app
        self._reads = reads
        self._access_log = log
        self._addresses = addresses
        self._throttle = throttle
        self._hesitation = Hesitation()
        self._cors = cors
        self._children: dict[tuple[str, str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope of ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        client_id = parent = origin = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                client_id = value
            elif name == b"traceparent":
                parent = value
            elif name == b"origin":
                origin = value
        request_id = request_id_from(client_id)
        if scope["type"] == "http" and scope["method"] == "HEAD":
            # The server leaves the body out; everything else is what a GET would get.
            scope = {**scope, "method": "GET"}
        if scope["type"] == "http" and scope["method"] == "GET":
            hit = self._reads.lookup(scope)
            if hit is not None:
                id_header = (b"x-request-id", request_id.encode())
                await send(
                    {
                        "type": "http.response.start",
                        "status": hit.status,
                        "headers": [*hit.headers, id_header, *self._cors.headers(origin)],
                    }
                )
                await send({"type": "http.response.body", "body": hit.body})
                if self._access_log.wants_hits:
                    self._access_log.hit(scope, request_id, hit.status)
                return
        traceparent = parent.decode("latin-1") if parent else start_trace()
        with span(f"{scope.get('method', 'WS')}", "server", traceparent) as own:
            visit = Visit(request_id, own, self._addresses.of(scope))
            scope[SCOPE_KEY] = visit
            if scope["type"] == "websocket":
                await self._reads(scope, receive, send)
            else:
                await self._serve(scope, receive, send, visit, origin)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, visit: Visit, origin: bytes
    ) -> None:
        preflight = self._cors.preflight(scope, origin)
        cors = self._cors.headers(origin) if preflight is None else ()
        own = ((b"x-request-id", visit.request_id.encode()), *cors)
        status = 0
        elapsed_s = 0.0

        async def send_with_id(message: Message) -> None:
            nonlocal status, elapsed_s
            if message["type"] == "http.response.start":
                status = message["status"]
                elapsed_s = time.monotonic() - visit.started
                await self._hesitation.wait(scope, visit, status)
                message["headers"] = [*message["headers"], *own, *visit.rate_headers]
                guard(message)
            await send(message)

        IN_FLIGHT.inc()
        try:
            answer = preflight or self._refusal(scope, visit) or self._reads
            await answer(scope, receive, send_with_id)
        except ClientDisconnect:
            status = status or 499
        except Exception as error:
            status = await self._last_resort(scope, receive, send_with_id, status, error)
        finally:
            IN_FLIGHT.dec()
            self._measure(scope, visit, status, elapsed_s or time.monotonic() - visit.started)

    def _refusal(self, scope: Scope, visit: Visit) -> Response | None:
        """Return what to answer to a request that is not worth a closer look."""
        try:
            self._throttle.turn_away(scope, visit)
            if _declared_length(scope) > _MAX_BODY_BYTES:
                raise too_large(_MAX_BODY_BYTES)
        except ServiceError as error:
            return problem_response(scope, error)
        return None

    async def _last_resort(
        self, scope: Scope, receive: Receive, send: Send, status: int, error: Exception
    ) -> int:
        """Answer for an error that no handler caught, unless an answer has begun."""
        if status:
            # FastAPI's outermost layer answers and raises again; the handler has logged it.
            return status
        _log.error("request_failed", exc_info=error)
        refusal = internal() if not isinstance(error, ServiceError) else error
        await problem_response(scope, refusal)(scope, receive, send)
        return KINDS[refusal.kind].http

    def _measure(self, scope: Scope, visit: Visit, status: int, elapsed_s: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "unknown"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = (method, route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = REQUESTS.labels(method, route, str(status))
        child.inc()
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = SECONDS.labels(route)
        timer.observe(elapsed_s)
        if recorded(visit.traceparent):
            attributes = {"http.request.method": method, "http.route": route, _STATUS: status}
            describe(f"{method} {route}", attributes, failed=status >= 500)
        self._access_log.request(scope, visit, route, status, elapsed_s)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else 1 << 62
    return 0
