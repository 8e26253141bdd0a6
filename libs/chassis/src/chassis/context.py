"""What is known of the request that is being handled, wherever in the code it is asked for."""

from __future__ import annotations

import re
import time
from contextvars import ContextVar
from dataclasses import dataclass
from random import getrandbits

from chassis.actor import GUEST, Actor
from chassis.idempotency_key import IdempotencyKey

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
"""W3C Trace Context, version 00 (https://www.w3.org/TR/trace-context/)."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request's facts."""

    actor: Actor = GUEST
    traceparent: str = ""
    request_id: str = ""
    client_address: str = ""
    """The IP address that the request came from, as the gateway sees it; personal data."""
    deadline: float | None = None
    """``time.monotonic()`` value at which the caller stops waiting."""
    authorization: str = ""
    """The caller's own ``authorization`` value, to pass on to the owner of what it asks for."""
    idempotency: IdempotencyKey | None = None


CLIENT_ADDRESS = "soko-client-address"
"""The metadata that carries the client's address from service to service."""
_EMPTY = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("soko_request", default=_EMPTY)

enter = _current.set
leave = _current.reset


def current() -> RequestContext:
    """Return the context of the request being handled, or an empty one outside of any."""
    return _current.get()


def current_actor() -> Actor:
    """Return who is calling; a guest outside of any request."""
    return _current.get().actor


def current_traceparent() -> str:
    """Return the request's W3C traceparent, or an empty text."""
    return _current.get().traceparent


def current_trace_id() -> str:
    """Return the request's trace id (32 hex digits), or an empty text."""
    return _current.get().traceparent[3:35]


def current_request_id() -> str:
    """Return the request's id as the client or the gateway named it."""
    return _current.get().request_id


def current_client_address() -> str:
    """Return the client's IP address; empty outside of a client's request."""
    return _current.get().client_address


def current_idempotency() -> IdempotencyKey | None:
    """Return the client's idempotency key, if the request has one."""
    return _current.get().idempotency


def remaining_s() -> float | None:
    """Return the seconds until the caller stops waiting, at least 0; None without a deadline."""
    deadline = _current.get().deadline
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def new_traceparent() -> str:
    """Return a traceparent that starts a trace, not sampled."""
    return f"00-{getrandbits(128) or 1:032x}-{_span_id()}-00"


def child_traceparent(parent: str) -> str:
    """Return a traceparent with a span id of its own in the parent's trace.

    A malformed or missing parent starts a new trace, as the specification asks.
    """
    match = _TRACEPARENT.fullmatch(parent)
    if match is None or match[1] == "0" * 32 or match[2] == "0" * 16:
        return new_traceparent()
    return f"00-{match[1]}-{_span_id()}-{match[3]}"


def _span_id() -> str:
    return f"{getrandbits(64) or 1:016x}"
