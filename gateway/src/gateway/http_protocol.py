"""HTTP/1.1 with limits that uvicorn leaves out: on heads, on waiting, on connections per address.

What is refused here never reaches the application. uvicorn's own limits are elsewhere: bodies wait
in buffers of 64 KiB, and a connection that is idle between requests ends after its keep-alive time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chassis.errors import ServiceError, malformed
from chassis.telemetry import start_trace
from gateway.problem import problem_response
from gateway.security_headers import ON_EVERY_ANSWER
from gateway.visit import SCOPE_KEY, Visit, new_request_id

MAX_TARGET_BYTES = 8 * 1024
"""What RFC 9110 (4.1) asks servers to take, and no more."""
MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
HEAD_S = 10.0
"""How long a request's head may take, from the connection's or its own first byte."""
LINGER_S = 5.0
"""How long what is left of a body may still come after the answer to it."""

# uvicorn looks at each header of each answer by two regular expressions, which costs an answer from
# the cache some per cent a header. What never differs goes with the status line.
for _status, _line in STATUS_LINE.items():
    STATUS_LINE[_status] = _line + ON_EVERY_ANSWER


class ConnectionCap:
    """Counts the connections per address of one process; ``most`` 0 is any number.

    ``exempt`` tells of addresses that stand for many clients, such as proxies.
    """

    def __init__(self, most: int, exempt: Callable[[str], bool]) -> None:
        self._most = most
        self._exempt = exempt
        self._open: Counter[str] = Counter()
        self.ending = False
        """Whether each answer asks for another connection, because these will not be here long."""

    def opened(self, host: str) -> bool:
        """Count a connection and tell whether it is within the cap."""
        self._open[host] += 1
        return not self._most or self._open[host] <= self._most or self._exempt(host)

    def closed(self, host: str) -> None:
        """Count a connection that ended."""
        self._open[host] -= 1
        if self._open[host] <= 0:
            del self._open[host]

    def __len__(self) -> int:
        return len(self._open)


class LimitedProtocol(HttpToolsProtocol):
    """One connection; ``cap`` is set by ``limited_protocol``."""

    cap: ConnectionCap

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _began = False
    _head_received = 0
    _chunk = 0
    _refused = False
    _counted = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection and wait for its first head."""
        super().connection_made(transport)
        self._counted = self.client[0] if self.client else "unix"
        if not self.cap.opened(self._counted):
            self._refuse(_TOO_MANY_CONNECTIONS)
            self.transport.close()
            return
        self._expect_within(HEAD_S, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        self._uncount()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless the connection is being closed."""
        if self._refused:
            return
        self._chunk = len(data)
        super().data_received(data)
        if self._in_head and not self._refused:
            # The parser keeps an unfinished header for itself, however long.
            self._head_received += len(data)
            if self._head_received > MAX_TARGET_BYTES + 2 * MAX_HEADER_BYTES:
                self._refuse(_HEAD_TOO_LARGE)
            elif self._began and self._timer is None:
                # Most heads come whole and need no timer.
                self._expect_within(HEAD_S, self._head_is_late)

    def on_message_begin(self) -> None:
        """Begin with a head."""
        super().on_message_begin()
        self._in_head = self._began = True

    def on_url(self, url: bytes) -> None:
        """Take in a part of the target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            self._refuse(_TARGET_TOO_LONG)
            raise _StopParsingError

    def on_headers_complete(self) -> None:
        """Hand the request to the application."""
        received = self._head_received + self._chunk
        if len(self.headers) > MAX_HEADERS or (
            received > MAX_HEADER_BYTES and _size(self.headers) > MAX_HEADER_BYTES
        ):
            self._refuse(_HEAD_TOO_LARGE)
            raise _StopParsingError
        self._in_head, self._head_received = False, 0
        self._stop_timer()
        super().on_headers_complete()
        if self.cap.ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Have the whole request."""
        self._began = False
        if not self._in_head:
            self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that the answer did not wait for, but not for long."""
        super().on_response_complete()
        if self._began and not self._in_head and not self.transport.is_closing():
            self._expect_within(LINGER_S, self.transport.close)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket's protocol; it still counts."""
        self._stop_timer()
        super().handle_websocket_upgrade()
        successor: Any = self.transport.get_protocol()
        ends = successor.connection_lost

        def connection_lost(exc: Exception | None) -> None:
            self._uncount()
            ends(exc)

        successor.connection_lost = connection_lost

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP; what was refused already stays so."""
        if not self._refused:
            self._refuse(malformed("malformed_request", "This is no HTTP request."))

    def _uncount(self) -> None:
        if self._counted:
            self.cap.closed(self._counted)
            self._counted = ""

    def _expect_within(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, otherwise)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        if self._began:
            self._refuse(_HEAD_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, error: ServiceError) -> None:
        """Answer with a problem, and close; unless an earlier request is being answered: close."""
        self._refused = True
        self._stop_timer()
        if self.cycle is None or self.cycle.response_complete:
            scope = {"path": "", SCOPE_KEY: Visit(new_request_id(), start_trace())}
            self.transport.write(_raw(problem_response(scope, error), self.server_state))
            self.transport.write_eof()
            # Closed at once, what the client still sends would cost it the answer (RFC 9112, 9.6).
            self._expect_within(LINGER_S, self.transport.close)
        else:
            self.transport.close()


class _StopParsingError(Exception):
    """Ends the parser's work on a request that was refused."""


_TARGET_TOO_LONG = ServiceError(
    "target_too_long", "target_too_long", f"A target has at most {MAX_TARGET_BYTES} bytes."
)
_HEAD_TOO_LARGE = ServiceError(
    "head_too_large",
    "headers_too_large",
    f"A request has at most {MAX_HEADERS} headers of {MAX_HEADER_BYTES} bytes together.",
)
_HEAD_TOO_SLOW = ServiceError(
    "too_slow", "request_timeout", f"The head of a request has {HEAD_S:.0f} s to arrive."
)
_TOO_MANY_CONNECTIONS = ServiceError(
    "too_many", "too_many_connections", "There are too many connections from this address.",
    extra={"retry_after_s": 1},
)  # fmt: skip


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)


def _raw(response: Response, server_state: Any) -> bytes:
    headers = [*server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[response.status_code] + lines + b"\r\n" + bytes(response.body)


def limited_protocol(cap: ConnectionCap) -> type[LimitedProtocol]:
    """Return the protocol of a server whose connections are counted together."""
    return type("LimitedProtocol", (LimitedProtocol,), {"cap": cap})
