"""Which pages of other origins may call the API from a browser (the Fetch standard, CORS)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import Scope

from chassis.errors import forbidden
from gateway.problem import problem_response

Headers = tuple[tuple[bytes, bytes], ...]

_ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-f:.]+\](?::[0-9]{1,5})?"
)
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_SENT = (
    b"accept-language, authorization, cache-control, content-type, idempotency-key, if-match, "
    b"if-none-match, traceparent, x-api-key, x-cart-token, x-order-token, x-request-id"
)
_READ = (
    b"ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, "
    b"WWW-Authenticate, X-Request-ID"
)
_REMEMBERED_S = b"7200"
_VARY = (b"vary", b"Origin")


def origins(text: str) -> frozenset[str]:
    """Return the origins of a list with commas; raises ValueError for what is no origin."""
    found = frozenset(each.strip() for each in text.split(",") if each.strip())
    for each in found:
        if not _ORIGIN.fullmatch(each):
            raise ValueError(f"{each!r} is no origin such as https://shop.example")
    return found


class Cors:
    """Answers preflights and marks the answers that pages of listed origins may read.

    The list is exact: no wildcards, no ``null``.
    """

    def __init__(self, allowed: Iterable[str], *, credentials: bool = False) -> None:
        """``credentials`` also lets pages send cookies and the like, of which Soko has none."""
        self._answers: dict[bytes, Headers] = {}
        self._preflights: dict[bytes, Headers] = {}
        with_credentials: Headers = (
            ((b"access-control-allow-credentials", b"true"),) if credentials else ()
        )
        for origin in allowed:
            common: Headers = (
                (b"access-control-allow-origin", origin.encode()),
                _VARY,
                *with_credentials,
            )
            self._answers[origin.encode()] = (
                *common,
                (b"access-control-expose-headers", _READ),
            )
            self._preflights[origin.encode()] = (
                *common,
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", _SENT),
                (b"access-control-max-age", _REMEMBERED_S),
            )

    def headers(self, origin: bytes) -> Headers:
        """Return what an answer to a page of an origin says; a shared cache keeps them apart."""
        if not self._answers:
            return ()
        return self._answers.get(origin, (_VARY,))

    def preflight(self, scope: Scope, origin: bytes) -> Response | None:
        """Return the answer to a preflight; None if the request is none, or nobody is listed."""
        if not self._answers or scope["method"] != "OPTIONS" or not origin:
            return None
        if not any(name == b"access-control-request-method" for name, _ in scope["headers"]):
            return None
        found = self._preflights.get(origin)
        if found is None:
            detail = "Pages of this origin may not call the API."
            return problem_response(scope, forbidden("origin_not_allowed", detail))
        response = Response(status_code=204)
        response.raw_headers = list(found)
        return response
