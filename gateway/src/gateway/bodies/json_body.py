"""Reading of JSON request bodies: strict about size, type and form, before any model sees them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from chassis.errors import ServiceError, Violation, malformed
from gateway.violations import pointer_to

MAX_JSON_BYTES = 1024 * 1024
MAX_DEPTH = 64
"""How deep arrays and objects may stand in each other: no operation needs ten."""
_GRACE_S = 10.0
_SLOWEST_BYTES_S = 128 * 1024
_MEDIA_TYPE = re.compile(r"application/(?:[\w.!#$&^-]+\+)?json", re.IGNORECASE)
_ESCAPED_NUL = b"\\u0000"


async def read_body(receive: Receive, declared: str, limit: int) -> bytes:
    """Return a request's body.

    ``declared`` is its ``Content-Length``, if it has one. Raises ServiceError ``body_too_large``
    as soon as it is known to be longer than ``limit`` bytes, ``request_timeout`` when it takes
    longer than a slow line needs for that many, and ClientDisconnect.
    """
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise too_large(limit)
    try:
        async with asyncio.timeout(_GRACE_S + limit / _SLOWEST_BYTES_S):
            return await _whole_body(receive, limit)
    except TimeoutError:
        raise ServiceError("too_slow", "request_timeout", "The body came too slowly.") from None


async def _whole_body(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def too_large(limit: int) -> ServiceError:
    """Return the error for a body of more than ``limit`` bytes."""
    return ServiceError("too_large", "body_too_large", f"A body has at most {limit} bytes here.")


def require_json(content_type: str) -> None:
    """Raise ServiceError ``unsupported_media_type`` unless a body is declared to be JSON."""
    media_type, _, parameters = content_type.partition(";")
    if not _MEDIA_TYPE.fullmatch(media_type.strip()):
        raise ServiceError("unsupported_media", "unsupported_media_type", "Send application/json.")
    charset = re.search(r'charset="?([\w-]+)', parameters, re.IGNORECASE)
    if charset is not None and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise ServiceError("unsupported_media", "unsupported_media_type", "JSON is UTF-8.")


def require_plain(content_encoding: str) -> None:
    """Raise ServiceError ``unsupported_media_type`` for a compressed body."""
    if content_encoding.lower() not in ("", "identity"):
        raise ServiceError(
            "unsupported_media", "unsupported_media_type", "Send the body uncompressed."
        )


def require_form(content_type: str) -> None:
    """Raise ServiceError ``unsupported_media_type`` unless a body is declared to be a form."""
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise ServiceError(
            "unsupported_media", "unsupported_media_type", "Send multipart/form-data."
        )


def parse_json(body: bytes) -> Any:
    """Return what a JSON document (RFC 8259) holds.

    Raises ServiceError ``malformed_json`` for anything else: NaN, numbers beyond a double, lone
    surrogates, invalid UTF-8 and nesting deeper than ``MAX_DEPTH`` included. Raises
    ``validation_failed`` for the character NUL, which no text column can hold.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed("malformed_json", f"The body is not JSON: {error.msg}.") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_deep(document):
        detail = f"The body is nested deeper than {MAX_DEPTH} levels."
        raise malformed("malformed_json", detail)
    if _ESCAPED_NUL in body:
        found = _find_nul(document, ())
        if found is not None:
            raise ServiceError(
                "invalid",
                "validation_failed",
                "The body is not valid.",
                violations=[Violation(pointer_to(found), "The character NUL is not allowed.")],
            )
    return document


def _is_deep(document: Any) -> bool:
    """Tell whether a document is too deep for what goes into it by recursion."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            member
            for value in level
            for member in (value.values() if isinstance(value, dict) else value)
            if isinstance(member, dict | list)
        ]
        if not level:
            return False
    return True


def _find_nul(value: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    if isinstance(value, str):
        return path if "\x00" in value else None
    if isinstance(value, dict):
        for key, member in value.items():
            if "\x00" in key:
                return path
            found = _find_nul(member, (*path, key))
            if found is not None:
                return found
    if isinstance(value, list):
        for index, member in enumerate(value):
            found = _find_nul(member, (*path, index))
            if found is not None:
                return found
    return None


def canonical(document: Any) -> bytes:
    """Return the one text of a JSON value: members sorted by key, no spaces."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
