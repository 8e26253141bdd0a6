"""Health, metrics, keys and audits."""

from __future__ import annotations

import asyncio

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.api import ApiRequest, ApiRoute
from gateway.figures import figures_of_workers
from gateway.openapi import answers
from gateway.readiness import Readiness
from gateway.rendering import operations as render
from gateway.rules import STAFF, Access, rules
from soko.audit.v1.report_pb2 import GetLastReportRequest
from soko.identity.v1.key_pb2 import GetJwksRequest

router = APIRouter(tags=["Operations"])
metrics_router = APIRouter()
ops_router = APIRouter(prefix="/v1/ops", tags=["Operations"], route_class=ApiRoute)
keys_router = APIRouter(tags=["Operations"], route_class=ApiRoute)

_NO_STORE = {"Cache-Control": "no-store"}
_JSON = "application/json"


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
    """Give the figures of every worker. In production they have a port of their own instead."""
    figures = await asyncio.to_thread(generate_latest, figures_of_workers())
    return Response(figures, 200, _NO_STORE, CONTENT_TYPE_LATEST)


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
