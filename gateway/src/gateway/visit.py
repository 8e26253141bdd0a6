"""What the edge knows of one HTTP request or WebSocket, before anybody looks at what it asks."""

from __future__ import annotations

import itertools
import os
import re
import time

from starlette.types import Scope

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:+/=-]{1,128}")
_process = os.urandom(8).hex()
_numbers = itertools.count(1)

SCOPE_KEY = "soko.visit"


class Visit:
    """One request on its way through the gateway."""

    __slots__ = (
        "cache_tag",
        "cacheable",
        "client",
        "rate_headers",
        "request_id",
        "started",
        "traceparent",
    )

    def __init__(self, request_id: str, traceparent: str, client: str = "") -> None:
        self.request_id = request_id
        self.traceparent = traceparent
        self.client = client
        """The client's IP address, past trusted proxies; the one place that says it."""
        self.started = time.monotonic()
        self.rate_headers: tuple[tuple[bytes, bytes], ...] = ()
        """What the client has left of its quotas, as headers of the answer."""
        self.cacheable = False
        """Whether the answer is for everybody."""
        self.cache_tag = ""
        """The product whose events make the answer stale; set by the route that made it."""

    @property
    def trace_id(self) -> str:
        """The trace's id, 32 hex digits."""
        return self.traceparent[3:35]


def request_id_from(value: bytes) -> str:
    """Return the client's request id if it is harmless in logs and headers, else a new one."""
    if value and _REQUEST_ID.fullmatch(value):
        return value.decode("ascii")
    return new_request_id()


def new_request_id() -> str:
    """Return an id that is unique over processes and restarts; it is no secret."""
    return f"{_process}{next(_numbers):08x}"


def after_fork() -> None:
    """Take a new prefix: a forked worker would otherwise repeat its sibling's ids."""
    global _process
    _process = os.urandom(8).hex()


def visit_of(scope: Scope) -> Visit:
    """Return the visit that the edge recorded for a scope, or an anonymous one in bare tests."""
    visit = scope.get(SCOPE_KEY)
    if isinstance(visit, Visit):
        return visit
    return Visit(new_request_id(), "")
