"""Public reads: asked for nobody in particular, so that one answer serves everybody."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import grpc
from fastapi import Response
from google.protobuf.message import Message

from chassis.errors import ServiceError
from gateway import headers
from gateway.api import JSON, ApiRequest, dump
from gateway.backend import Service
from gateway.cache import etag_matches

Asked = TypeVar("Asked", bound=Message)
Answered = TypeVar("Answered", bound=Message)

PUBLIC_CACHE_CONTROL = "public, no-cache"
"""Anybody may keep it, and asks with ``If-None-Match`` before using it again."""


async def read_public(
    request: ApiRequest,
    service: Service,
    method: grpc.aio.UnaryUnaryMultiCallable[Asked, Answered],
    message: Asked,
) -> Answered:
    """Return what everybody may see, or else what this caller's credentials let it see.

    Raises ServiceError ``not_found`` when it may see nothing.
    """
    try:
        return await request.ask(service, method, message, retry=True)
    except ServiceError as error:
        if error.kind != "not_found" or not await request.authenticate_late():
            raise
    return await request.ask(service, method, message, retry=True)


def public_answer(request: ApiRequest, document: Any, version: int | None = None) -> Response:
    """Return a public document with its entity tag, or 304 if the client has it.

    The tag is a hash of the answer, after the version if the thing has one: ``If-Match`` compares
    the version alone.
    """
    body = dump(document)
    etag = entity_tag(body, version)
    if request.actor.kind == "account":
        return Response(body, 200, {"ETag": etag, "Cache-Control": "private, no-store"}, JSON)
    request.visit.cacheable = True
    sent = {"ETag": etag, "Cache-Control": PUBLIC_CACHE_CONTROL, "Vary": "Accept-Encoding"}
    asked = headers.single(request.scope, b"if-none-match")
    if asked and etag_matches(asked.encode("latin-1"), etag.encode()):
        return Response(status_code=304, headers=sent)
    return Response(body, 200, sent, JSON)


def entity_tag(body: bytes, version: int | None = None) -> str:
    """Return the strong entity tag of an answer (RFC 9110, 8.8.3)."""
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'
