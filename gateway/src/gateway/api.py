"""How an API operation runs: who calls, until when, what was sent, and what goes back."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import grpc
import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from google.protobuf.message import Message
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from chassis import context
from chassis.actor import GUEST, Actor
from chassis.context import RequestContext
from chassis.errors import ServiceError, Violation, forbidden, invalid, malformed, unauthenticated
from chassis.idempotency_key import IdempotencyKey
from gateway import headers
from gateway.authentication import Authenticator
from gateway.backend import AS_ITSELF, Backend, Service
from gateway.bodies.json_body import (
    parse_json,
    read_body,
    require_form,
    require_json,
    require_plain,
)
from gateway.idempotency import (
    REPLAYED_HEADER,
    bind_key,
    key_required,
    metadata_of,
    was_replayed,
)
from gateway.openapi import describe_rules
from gateway.problem import service_error_response
from gateway.query import Model, read_query
from gateway.quotas import class_of
from gateway.rules import Access, Key, Rules, rules_of
from gateway.throttle import Throttle
from gateway.visit import Visit, visit_of

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)

JSON = "application/json"
_MISSING = object()


class ApiRequest(Request):
    """A request that was let in, with what its handler needs to answer it."""

    actor: Actor = GUEST
    guest_token: str = ""
    visit: Visit
    backend: Backend
    _key: IdempotencyKey | None = None
    _replayed: bool = False
    _document: Any = _MISSING
    _fingerprint: str | None = None

    async def admit(self, rules: Rules, kind: str, *, takes_body: bool) -> None:
        """Check credentials, headers and the body's form, in this order.

        ``kind`` is the class of the operation, whose quotas the client draws on.

        Raises ServiceError for whatever the rules refuse.
        """
        self.visit = visit_of(self.scope)
        self.backend = self.app.state.backend
        throttle: Throttle = self.app.state.throttle
        authorization = ""
        try:
            if rules.access in (Access.OPTIONAL, Access.ACCOUNT):
                authorization = await self._authenticate(rules)
        finally:
            # Whoever is refused has asked, too.
            await throttle.count(kind, self.visit, self.actor.account_id)
        key = ""
        if rules.key is not Key.NONE:
            key = headers.idempotency_key(self.scope)
            if not key and rules.key is Key.REQUIRED:
                raise key_required()
        if takes_body or self.method not in ("GET", "HEAD", "DELETE"):
            await self._read(rules)
            self._check_form(takes_body)
        if key:
            self._bind(key)
        context.enter(
            RequestContext(
                actor=self.actor,
                traceparent=self.visit.traceparent,
                request_id=self.visit.request_id,
                client_address=self.visit.client,
                deadline=time.monotonic() + rules.timeout_s,
                authorization=authorization,
                idempotency=self._key,
            )
        )

    async def authenticate_late(self) -> bool:
        """Look at the credentials of a public read that nobody else may see; tell if there are any.

        Raises ServiceError ``unauthenticated`` for credentials that are not valid, and
        ``insufficient_scope`` for an API key that may not read it.
        """
        authorization = await self._identify()
        if self.actor.kind != "account":
            return False
        self.actor.require_scope(rules_of(self.scope["route"].endpoint).scope)
        context.enter(replace(context.current(), actor=self.actor, authorization=authorization))
        return True

    async def _authenticate(self, rules: Rules) -> str:
        authorization = await self._identify()
        self.actor.require_scope(rules.scope)
        if rules.guest_header:
            self.guest_token = headers.secret_token(self.scope, rules.guest_header.lower().encode())
        anonymous = self.actor.kind != "account"
        if anonymous and (
            rules.access is Access.ACCOUNT or (rules.guest_required and not self.guest_token)
        ):
            raise unauthenticated()
        if not anonymous and rules.refuses(self.actor):
            raise forbidden()
        if rules.step_up:
            self.actor.require_step_up()
        return authorization

    async def _identify(self) -> str:
        """Find out who calls; return what services are shown for it."""
        authorization = headers.single(self.scope, b"authorization")
        api_key = headers.single(self.scope, b"x-api-key")
        if authorization or api_key:
            # Verification may ask identity, with this request's ids.
            visit = self.visit
            context.enter(
                replace(
                    context.current(),
                    traceparent=visit.traceparent,
                    request_id=visit.request_id,
                    client_address=visit.client,
                )
            )
            authenticator: Authenticator = self.app.state.authenticator
            self.actor, authorization = await authenticator.caller_of(authorization, api_key)
        return authorization

    async def _read(self, rules: Rules) -> None:
        content_type = headers.single(self.scope, b"content-type")
        declared = headers.single(self.scope, b"content-length")
        body = await read_body(self.receive, declared, rules.max_body_bytes)
        self._body = body
        if body:
            require_plain(headers.single(self.scope, b"content-encoding"))
        if rules.form:
            require_form(content_type)
            self._fingerprint = hashlib.sha256(body).hexdigest()
        elif body:
            require_json(content_type)
            self._document = parse_json(body)

    def _check_form(self, takes_body: bool) -> None:
        document = self._document
        if document is _MISSING or (isinstance(document, dict) and (takes_body or not document)):
            return
        if takes_body:
            detail = "The body must be a JSON object."
            raise invalid("validation_failed", detail, [Violation("", detail)])
        raise invalid("unknown_field", "This call takes no body.")

    def _bind(self, key: str) -> None:
        guest = ""
        if self.guest_token:
            named = next(iter(self.path_params.values()), "")
            guest = f"{named}:{self.guest_token}"
        self._key = bind_key(
            key,
            self.actor,
            guest,
            method=self.method,
            route=self.scope["route"].path,
            path=self.scope["path"],
            body=self._fingerprint if self._document is _MISSING else self._document,
        )

    def expected_version(self) -> int | None:
        """Return the version that ``If-Match`` names, None for any; the rules say if it must."""
        rules = rules_of(self.scope["route"].endpoint)
        version = headers.expected_version(self.scope, required=bool(rules.if_match))
        return None if version == headers.ANY_VERSION else version

    def query(self, model: type[Model]) -> Model:
        """Return the query parameters; raises ServiceError for bad ones."""
        return read_query(self.scope, model)

    async def json(self) -> Any:
        """Return the body's document; raise ServiceError ``malformed_json`` without one."""
        if self._document is _MISSING:
            raise malformed("malformed_json", "The body is empty.")
        return self._document

    async def ask(
        self,
        service: Service,
        method: grpc.aio.UnaryUnaryMultiCallable[Asked, Answered],
        message: Asked,
        *,
        retry: bool = False,
        as_itself: bool = False,
        timeout_s: float | None = None,
    ) -> Answered:
        """Return a service's answer, asked in the caller's name, or in the gateway's own.

        ``retry`` repeats a call that found nobody: for reads only. Raises ServiceError.
        """
        metadata: Sequence[tuple[str, str]] = AS_ITSELF if as_itself else metadata_of(self._key)
        response, trailers = await service.peer.call_with_trailers(
            method,
            message,
            retry=retry,
            forward_actor=not as_itself,
            metadata=metadata,
            timeout_s=timeout_s,
        )
        if self._key is not None and was_replayed(trailers):
            self._replayed = True
        return response

    def answer(
        self, status: int, document: Any, extra: Mapping[str, str] | None = None
    ) -> Response:
        """Return a document as JSON, with the replay marker if it is a stored answer."""
        sent = dict(extra) if extra else {}
        sent.setdefault("Cache-Control", "no-store")
        if self._replayed:
            sent[REPLAYED_HEADER] = "true"
        return Response(dump(document), status, sent, JSON)

    def nothing(self, status: int = 204) -> Response:
        """Return an answer without a body."""
        return Response(status_code=status, headers={"Cache-Control": "no-store"})


def dump(document: Any) -> bytes:
    """Return a document as JSON; times become RFC 3339 with ``Z``."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


class ApiRoute(APIRoute):
    """A route whose handler takes an ``ApiRequest`` and has rules."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        found = rules_of(endpoint)
        options["openapi_extra"] = describe_rules(found, options.get("openapi_extra"))
        options["operation_id"] = options.get("operation_id") or endpoint.__name__
        super().__init__(path, endpoint, **options)
        self._slashes = path.count("/")
        self._head = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this route: a cheap look first, for most are not."""
        asked: str = scope["path"]
        if asked.count("/") != self._slashes or not asked.startswith(self._head):
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with the rules before it, or the endpoint if nothing is left."""
        original = self.endpoint if self.takes_request_alone else super().get_route_handler()
        found = rules_of(self.endpoint)
        takes_body = self.body_field is not None or found.as_sent
        kind = class_of(min(self.methods or {"GET"}), self.path)

        async def handle(raw: Request) -> Response:
            request = ApiRequest(raw.scope, raw.receive)
            await request.admit(found, kind, takes_body=takes_body)
            answer: Response = await original(request)
            return answer

        # FastAPI asks for it once, when the route is made.
        self._handle = handle
        return handle

    @property
    def takes_request_alone(self) -> bool:
        """Whether the endpoint has no parameters that FastAPI must read for it."""
        needs = self.dependant
        return not (
            needs.path_params
            or needs.query_params
            or needs.header_params
            or needs.cookie_params
            or needs.body_params
            or needs.dependencies
        )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that is known to be for this route and has no path parameters.

        What FastAPI does around a route costs a read a sixth of its time.
        """
        scope["route"] = self
        scope["path_params"] = {}
        try:
            response = await self._handle(Request(scope, receive))
        except ServiceError as error:
            response = service_error_response(scope, error)
        await response(scope, receive, send)
