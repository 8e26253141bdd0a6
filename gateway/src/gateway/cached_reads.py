"""Public reads answered from memory, before FastAPI sees the request.

A miss runs the request through the application and keeps what it answers, one flight per key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.cache import AnswerCache, Entry, Headers, etag_matches
from gateway.security_headers import POLICY
from gateway.visit import visit_of

LIST_PATHS = frozenset({"/v1/products", "/v1/categories"})
_ITEM_PREFIX = "/v1/products/"
_PARAMETERS = {
    "/v1/products": frozenset(
        {
            "q", "category", "seller", "min_price_minor", "max_price_minor", "currency",
            "in_stock", "rating_min", "sort", "facets", "limit", "cursor",
        }
    ),
    "/v1/categories": frozenset[str](),
}  # fmt: skip
_ITEM_PARAMETERS = frozenset({"currency"})
_MAX_QUERY_BYTES = 2048
_MAX_KNOWN_KEYS = 20_000
_OK = 200

CACHED = Counter("soko_cached_reads_total", "Public reads by how they were answered.", ("how",))
_HIT = CACHED.labels("hit")
_MISS = CACHED.labels("miss")
_BYPASS = CACHED.labels("bypass")


@dataclass(slots=True)
class Capture:
    """What the application answered."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    entry: Entry | None = None


class Hit(NamedTuple):
    """A kept answer as this client gets it."""

    status: int
    headers: Headers
    body: bytes


class CachedReads:
    """The fast path for product lists, products and categories."""

    def __init__(
        self, app: ASGIApp, cache: AnswerCache, lists: Mapping[str, ASGIApp] | None = None
    ) -> None:
        """``lists`` serve the paths that name one operation each, past the application's router."""
        self._app = app
        self._lists = lists or {}
        self.cache = cache
        self._keys: dict[tuple[str, bytes], str] = {}
        self._flights: dict[str, asyncio.Future[Capture]] = {}

    def covers(self, path: str) -> bool:
        """Tell whether a GET of a path is answered from here."""
        if path in LIST_PATHS:
            return True
        return path.startswith(_ITEM_PREFIX) and "/" not in path[len(_ITEM_PREFIX) :]

    def forget_flights(self) -> None:
        """Let later requests ask anew: what is under way may have begun before a change."""
        self._flights.clear()

    def lookup(self, scope: Scope) -> Hit | None:
        """Return the kept answer to a GET, if there is one and the client takes it."""
        path: str = scope["path"]
        if not self.covers(path) or len(scope["query_string"]) > _MAX_QUERY_BYTES:
            return None
        if_none_match = b""
        gzip_accepted = False
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                if_none_match = value
            elif name == b"accept-encoding":
                gzip_accepted = b"gzip" in value
            elif name == b"cache-control" and b"no-cache" in value:
                return None
        entry = self.cache.get(self._key(path, scope["query_string"]))
        if entry is None:
            return None
        _HIT.inc()
        return choose(entry, if_none_match, gzip_accepted=gzip_accepted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a miss through the application; let everything else through."""
        if scope["type"] != "http" or scope["method"] != "GET" or not self.covers(scope["path"]):
            await self._app(scope, receive, send)
            return
        if_none_match = accept_encoding = cache_control = b""
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                if_none_match = value
            elif name == b"accept-encoding":
                accept_encoding = value
            elif name == b"cache-control":
                cache_control = value
        query: bytes = scope["query_string"]
        if b"no-cache" in cache_control or len(query) > _MAX_QUERY_BYTES:
            _BYPASS.inc()
            await self._ask(scope, receive, send)
            return
        _MISS.inc()
        entry = await self._fill(self._key(scope["path"], query), scope, receive, send)
        if entry is not None:
            hit = choose(entry, if_none_match, gzip_accepted=b"gzip" in accept_encoding)
            await send(
                {"type": "http.response.start", "status": hit.status, "headers": hit.headers}
            )
            await send({"type": "http.response.body", "body": hit.body})

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._lists.get(scope["path"], self._app)(scope, receive, send)

    def _key(self, path: str, query: bytes) -> str:
        known = self._keys.get((path, query))
        if known is None:
            known = normalized_key(path, query)
            if len(self._keys) >= _MAX_KNOWN_KEYS:
                self._keys.clear()
            self._keys[(path, query)] = known
        return known

    async def _fill(self, key: str, scope: Scope, receive: Receive, send: Send) -> Entry | None:
        """Return the answer to send, or None when the application sent its own."""
        flight = self._flights.get(key)
        if flight is not None:
            shared = await asyncio.shield(flight)
            if shared.entry is not None:
                return shared.entry
            await self._ask(scope, receive, send)
            return None
        flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        try:
            captured = await self._capture(scope, receive, key)
            flight.set_result(captured)
        except BaseException:
            # The waiting ones ask for themselves; this one's failure is its own.
            flight.set_result(Capture())
            raise
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
        if captured.entry is not None:
            return captured.entry
        await send(
            {
                "type": "http.response.start",
                "status": captured.status,
                "headers": captured.headers,
            }
        )
        await send({"type": "http.response.body", "body": captured.body})
        return None

    async def _capture(self, scope: Scope, receive: Receive, key: str) -> Capture:
        captured = Capture()
        visit = visit_of(scope)
        chunks: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                captured.status = message["status"]
                captured.headers = list(message["headers"])
            elif message["type"] == "http.response.body":
                chunks.append(message.get("body", b""))

        began = self.cache.now()
        # The answer is for everybody who waits, so this client's condition stays out of it.
        asked = {
            **scope,
            "headers": [pair for pair in scope["headers"] if pair[0] != b"if-none-match"],
        }
        await self._ask(asked, receive, keep)
        if "route" in asked:
            scope["route"] = asked["route"]
        captured.body = b"".join(chunks)
        if captured.status == _OK and visit.cacheable:
            captured.headers.append(POLICY)
            captured.entry = Entry(captured.headers, captured.body, visit.cache_tag)
            self.cache.put(key, captured.entry, began)
        return captured


def normalized_key(path: str, query: bytes) -> str:
    """Return the key of a read: known parameters only, in one order.

    Repeated parameters keep their order, because the last of them counts.
    """
    allowed = _PARAMETERS.get(path, _ITEM_PARAMETERS)
    pairs = [
        pair
        for pair in parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        if pair[0] in allowed
    ]
    pairs.sort(key=lambda pair: pair[0])
    return path + "?" + urlencode(pairs)


def choose(entry: Entry, if_none_match: bytes, *, gzip_accepted: bool) -> Hit:
    """Return what of an answer this client gets: all of it, compressed, or 304."""
    headers, body = entry.compressed() if gzip_accepted else (entry.headers, entry.body)
    if if_none_match and etag_matches(if_none_match, entry.etag):
        return Hit(304, [pair for pair in headers if not pair[0].startswith(b"content-")], b"")
    return Hit(_OK, headers, body)
