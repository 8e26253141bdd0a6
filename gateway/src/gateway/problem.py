"""Errors as RFC 9457 problem documents, whoever found them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from chassis.errors import KINDS, ServiceError, as_service_error
from chassis.logs import get_logger
from gateway.idempotency import REPLAYED_HEADER
from gateway.violations import refuse
from gateway.visit import visit_of

PROBLEM_JSON = "application/problem+json"
_log = get_logger(__name__)
_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "trace_id"})
_HTTP_CODES: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "malformed_request"),
    404: ("not_found", "not_found"),
    405: ("not_found", "method_not_allowed"),
    413: ("too_large", "body_too_large"),
    415: ("unsupported_media", "unsupported_media_type"),
}


def problem_response(
    scope: Scope,
    error: ServiceError,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error as the client sees it.

    Members of ``error.extra`` stand at the top level; ``retry_after_s`` becomes ``Retry-After``.
    """
    kind = KINDS[error.kind]
    status = status or kind.http
    visit = visit_of(scope)
    extra = {name: value for name, value in error.extra.items() if name not in _OWN_MEMBERS}
    sent = dict(headers or {})
    retry_after = extra.pop("retry_after_s", None)
    if isinstance(retry_after, int | float):
        sent["Retry-After"] = str(max(1, round(retry_after)))
    elif kind.http == HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = "1"
    if error.replayed:
        sent[REPLAYED_HEADER] = "true"
    if kind.http == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer realm="soko"'
    document: dict[str, Any] = {
        "type": f"urn:soko:problem:{error.code}",
        "title": _title(status, kind.title),
        "status": status,
        "detail": error.detail or kind.title + ".",
        "instance": instance_of(scope),
        "code": error.code,
        "trace_id": visit.trace_id,
        **extra,
    }
    if error.violations:
        document["errors"] = [
            {"detail": violation.detail, "pointer": violation.pointer}
            for violation in error.violations
        ]
    body = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
    sent["Cache-Control"] = "no-store"
    if status == HTTPStatus.REQUEST_TIMEOUT:
        # What still comes of this request could not be told from the next one.
        sent["Connection"] = "close"
    return Response(body, status, sent, PROBLEM_JSON)


def instance_of(scope: Scope) -> str:
    """Return the path that was asked for; never the query, which may hold a token."""
    return str(scope.get("path", "")).encode("utf-8", "replace").decode()


def _title(status: int, known: str) -> str:
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return "Method not allowed"
    return known


def install_problem_handlers(app: FastAPI) -> None:
    """Make an application answer every error with a problem document."""
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(Exception, _on_unforeseen)


def service_error_response(scope: Scope, error: Exception) -> Response:
    """Return a ServiceError as the client sees it; what went wrong inside is logged, not told."""
    known = as_service_error(error) or internal()
    if known.kind == "internal":
        _log.error("peer_failed", path=instance_of(scope), code=known.code)
        known = internal()
    return problem_response(scope, known)


async def _on_service_error(request: Request, error: Exception) -> Response:
    return service_error_response(request.scope, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return problem_response(request.scope, internal())
    kind, code = _HTTP_CODES.get(error.status_code, ("malformed", "malformed_request"))
    detail = "" if error.status_code == HTTPStatus.NOT_FOUND else str(error.detail)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app, request.scope))
        detail = f"{request.method} is not served here."
    elif error.status_code == HTTPStatus.NOT_FOUND:
        detail = "There is no such page."
    return problem_response(
        request.scope, ServiceError(kind, code, detail), status=error.status_code, headers=headers
    )


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return problem_response(request.scope, internal())
    return problem_response(request.scope, refuse(error.errors()))


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    _log.error("request_failed", path=instance_of(request.scope), exc_info=error)
    return problem_response(request.scope, internal())


def internal() -> ServiceError:
    """Return the error that tells nothing but that it is our fault."""
    return ServiceError("internal", "internal", "Something went wrong on our side.")


def allowed_methods(app: FastAPI, scope: Scope) -> Sequence[str]:
    """Return the methods that some route serves for the scope's path."""
    methods: set[str] = set()
    for route in app.router.routes:
        if isinstance(route, Route) or hasattr(route, "methods"):
            match, _ = route.matches(scope)
            if match is not Match.NONE:
                methods |= getattr(route, "methods", None) or set()
    return sorted(methods)
