"""Health, metrics, keys, audits, and what operators see of the services."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.cursors import CursorCodec, filter_hash
from gateway.api import ApiRequest, ApiRoute
from gateway.bodies.fields import Cursor, Limit
from gateway.everybody import ask_everybody
from gateway.figures import figures_of_workers
from gateway.openapi import answers
from gateway.readiness import Readiness
from gateway.rendering import operations as render
from gateway.rules import STAFF, Access, rules
from soko.audit.v1.report_pb2 import GetLastReportRequest
from soko.identity.v1.key_pb2 import GetJwksRequest
from soko.ops.v1.ops_pb2 import GetServiceStatusRequest, ListConsumersRequest

router = APIRouter(tags=["Operations"])
metrics_router = APIRouter()
staff_metrics_router = APIRouter(route_class=ApiRoute)
ops_router = APIRouter(prefix="/v1/ops", tags=["Operations"], route_class=ApiRoute)
keys_router = APIRouter(tags=["Operations"], route_class=ApiRoute)

_NO_STORE = {"Cache-Control": "no-store"}
_JSON = "application/json"
_ASK_TIMEOUT_S = 2.0


@router.get("/livez", response_class=Response, summary="Whether the process lives")
@rules(Access.PUBLIC)
async def livez() -> Response:
    """Answer if the process does."""
    return Response(b'{"status":"ok"}', 200, _NO_STORE, _JSON)


@router.get(
    "/readyz",
    response_class=Response,
    summary="Whether requests can be served",
    responses={
        200: answers({200: "Readiness"})[200],
        503: {
            "description": "Starting, draining, or nothing behind the gateway answers",
            "content": answers({200: "Readiness"})[200]["content"],
        },
    },
)
@rules(Access.PUBLIC)
async def readyz(request: Request) -> Response:
    """Say which of the things behind the gateway answer.

    `ready`, or `degraded` when a service is away and the rest serves.
    """
    readiness: Readiness = request.app.state.readiness
    state = await readiness.state()
    return Response(orjson.dumps(state.document()), state.http_status, _NO_STORE, _JSON)


@metrics_router.get("/metrics", response_class=Response, include_in_schema=False)
@rules(Access.PUBLIC)
async def metrics() -> Response:
    """Give the figures of every worker."""
    figures = await asyncio.to_thread(generate_latest, figures_of_workers())
    return Response(figures, 200, _NO_STORE, CONTENT_TYPE_LATEST)


@staff_metrics_router.get("/metrics", response_class=Response, include_in_schema=False)
@rules(Access.ACCOUNT, roles=STAFF)
async def metrics_for_staff(_request: ApiRequest) -> Response:
    """Give the figures of every worker in production, where Prometheus has a port of its own."""
    return await metrics()


@keys_router.get(
    "/.well-known/jwks.json",
    response_class=Response,
    summary="Keys of access tokens",
    responses=answers({200: "JsonWebKeySet"}),
)
@rules(Access.PUBLIC)
async def jwks(request: ApiRequest) -> Response:
    """Get the public keys that access tokens are verified with."""
    identity = request.backend.identity
    reply = await request.ask(identity, identity.keys.GetJwks, GetJwksRequest(), retry=True)
    return Response(reply.jwks_json.encode(), 200, {"Cache-Control": "public, max-age=300"}, _JSON)


@ops_router.get(
    "/audit",
    response_class=Response,
    summary="Read the last audit",
    responses=answers({200: "AuditReport"}, {403: "", 404: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def get_last_audit(request: ApiRequest) -> Response:
    """Read what the last audit found, whether it ran on schedule or by hand; 404 before the first.

    Operators and admins only.
    """
    notifications = request.backend.notifications
    reply = await request.ask(
        notifications, notifications.audits.GetLastReport, GetLastReportRequest(), retry=True
    )
    return request.answer(200, render.audit_report(reply.report))


@ops_router.get(
    "/services",
    response_class=Response,
    summary="List the services",
    responses=answers({200: "ServiceStateList"}, {400: "invalid_cursor", 403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def list_services(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> Response:
    """List the gateway and the services behind it, with their versions and what they lack.

    Operators and admins only.
    """
    told = await ask_everybody(
        request.backend.services,
        lambda service: request.ask(
            service,
            service.ops.GetServiceStatus,
            GetServiceStatusRequest(),
            retry=True,
            timeout_s=_ASK_TIMEOUT_S,
        ),
    )
    readiness: Readiness = request.app.state.readiness
    away = [name for name, wrong in (await readiness.state()).checks.items() if wrong]
    items = [render.service("gateway", version("soko-gateway"), away)]
    items += [render.service(name, each.version, each.away) for name, each in told.answers.items()]
    items += [render.absent_service(name, str(error)) for name, error in told.away.items()]
    return request.answer(200, _page(request, "services", items, ("name",), limit, cursor))


@ops_router.get(
    "/consumers",
    response_class=Response,
    summary="List the consumers of events",
    responses=answers({200: "EventConsumerList"}, {400: "invalid_cursor", 403: ""}),
)
@rules(Access.ACCOUNT, roles=STAFF)
async def list_consumers(request: ApiRequest, limit: Limit = 20, cursor: Cursor = "") -> Response:
    """List how far each service is behind the events that it hears.

    `unavailable` names the services that could not be asked. Operators and admins only.
    """
    told = await ask_everybody(
        request.backend.services,
        lambda service: request.ask(
            service,
            service.ops.ListConsumers,
            ListConsumersRequest(),
            retry=True,
            timeout_s=_ASK_TIMEOUT_S,
        ),
    )
    items = [render.consumer(each) for reply in told.answers.values() for each in reply.consumers]
    page = _page(request, "consumers", items, ("name", "stream"), limit, cursor)
    return request.answer(200, page | {"unavailable": sorted(told.away)})


def _page(
    request: ApiRequest,
    kind: str,
    items: list[dict[str, Any]],
    key: tuple[str, ...],
    limit: int,
    cursor: str,
) -> dict[str, Any]:
    """Return the part of a short list that a cursor leads to, in the order of the key."""
    codec: CursorCodec = request.app.state.cursors
    after = codec.decode(kind, filter_hash(), cursor) if cursor else []

    def place(item: dict[str, Any]) -> list[Any]:
        return [item[name] for name in key]

    left = sorted((item for item in items if place(item) > after), key=place)
    more = len(left) > limit
    next_cursor = codec.encode(kind, filter_hash(), place(left[limit - 1])) if more else None
    return {"items": left[:limit], "next_cursor": next_cursor}
