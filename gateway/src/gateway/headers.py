"""Request headers that carry meaning, read strictly."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.types import Scope

from chassis.errors import ServiceError, malformed, stale

RawHeaders = Sequence[tuple[bytes, bytes]]

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]|[\x21-\x7e][\x20-\x7e]{0,253}[\x21-\x7e]")
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
"""A structured field string (RFC 8941, 3.3.3)."""
_MAX_KEY = 255
_ETAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
"""An entity tag (RFC 9110, 8.8.3)."""
_VERSION = re.compile(r"([0-9]{1,18})(?:-[0-9a-z-]+)?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")

ANY_VERSION = -1
"""What ``If-Match: *`` asks for: the thing in whatever version it has."""


_MAX_USER_AGENT = 512


def user_agent(scope: Scope) -> str:
    """Return what a client says of itself, cut to what is worth passing on."""
    for key, value in scope["headers"]:
        if key == b"user-agent":
            said: bytes = value
            return said[:_MAX_USER_AGENT].decode("latin-1")
    return ""


def single(scope: Scope, name: bytes) -> str:
    """Return a header's value, or an empty text without one.

    Raises ServiceError ``malformed`` with code ``invalid_header`` when it is sent more than once
    with different values, because nobody can tell which is meant.
    """
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            if found is not None and found != value:
                raise invalid_header(name.decode(), "It was sent more than once.")
            found = value
    return "" if found is None else found.decode("latin-1").strip()


def invalid_header(name: str, detail: str) -> ServiceError:
    """Return the error for a header that cannot be read."""
    return malformed("invalid_header", f"The header {name} is not valid. {detail}")


def idempotency_key(scope: Scope) -> str:
    """Return the client's ``Idempotency-Key``, bare or as a quoted string, or an empty text.

    Raises ServiceError ``invalid_header`` for one that is not 1 to 255 printable characters.
    """
    present = any(key == b"idempotency-key" for key, _ in scope["headers"])
    if not present:
        return ""
    text = single(scope, b"idempotency-key")
    if text.startswith('"'):
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise invalid_header("Idempotency-Key", "Its quotes do not match.")
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if len(text) > _MAX_KEY or not _IDEMPOTENCY_KEY.fullmatch(text):
        raise invalid_header("Idempotency-Key", "Give 1 to 255 printable characters.")
    return text


def expected_version(scope: Scope, *, required: bool) -> int | None:
    """Return the version that ``If-Match`` names, ``ANY_VERSION`` for ``*``, None without one.

    Our tags are a version, or a version and a hash of the answer; only the version counts here.
    Raises ServiceError ``precondition_required`` when it is required and missing, ``stale_version``
    for a tag that no answer of ours can have had, ``invalid_header`` for what is no tag.
    """
    text = single(scope, b"if-match")
    if not text:
        if required:
            raise ServiceError(
                "precondition_required",
                "if_match_required",
                "Send If-Match with the ETag that you read, or * if nobody else writes.",
            )
        return None
    if text == "*":
        return ANY_VERSION
    tag = _ETAG.fullmatch(text)
    if tag is None:
        raise invalid_header("If-Match", "Give one entity tag in quotes, or *.")
    version = _VERSION.fullmatch(tag[2])
    if tag[1] or version is None:
        raise stale()
    return int(version[1])


def secret_token(scope: Scope, name: bytes) -> str:
    """Return a guest's token; an empty text for none and for one that cannot be a token."""
    text = single(scope, name)
    return text if _TOKEN.fullmatch(text) else ""


def preferred_language(scope: Scope) -> str:
    """Return the first language tag of ``Accept-Language`` (BCP 47), or an empty text."""
    for key, value in scope["headers"]:
        if key == b"accept-language":
            first = value.decode("latin-1").split(",", 1)[0].split(";", 1)[0].strip()
            return first if _LANGUAGE.fullmatch(first) else ""
    return ""
