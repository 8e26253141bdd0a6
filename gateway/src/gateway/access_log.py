"""One JSON line per request, written in batches: a write a line would cost more than the line."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import BinaryIO

import orjson
from starlette.types import Scope

from chassis.logs import cut
from gateway.problem import instance_of
from gateway.visit import Visit

_FLUSH_AFTER_S = 0.2
_FLUSH_LINES = 200
_MOST_PATH = 200


class AccessLog:
    """Tells who asked for what and what they got; never a query, which may hold a token.

    ``mode`` is ``all``, ``uncached`` (answers from the cache are only counted) or ``off``. Lines of
    the last 0.2 s are lost when the process is killed.
    """

    def __init__(self, mode: str, out: BinaryIO | None = None) -> None:
        self.wants_hits = mode == "all"
        self._on = mode != "off"
        self._out = out or sys.stdout.buffer
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def hit(self, scope: Scope, request_id: str, status: int) -> None:
        """Note an answer from the cache."""
        self._add(
            {
                "event": "request",
                "cached": True,
                "method": scope["method"],
                "path": cut(instance_of(scope), _MOST_PATH),
                "status": status,
                "request_id": request_id,
            }
        )

    def request(
        self, scope: Scope, visit: Visit, route: str, status: int, elapsed_s: float
    ) -> None:
        """Note an answer of the application."""
        if not self._on:
            return
        self._add(
            {
                "event": "request",
                "level": "info" if status < 500 else "warning",
                "method": scope["method"],
                "path": cut(instance_of(scope), _MOST_PATH),
                "route": route,
                "status": status,
                "ms": round(elapsed_s * 1000, 1),
                "client": visit.client,
                "request_id": visit.request_id,
                "trace_id": visit.trace_id,
            }
        )

    def _add(self, line: dict[str, object]) -> None:
        line["service"] = "gateway"
        line["time"] = datetime.now(UTC)
        self._lines.append(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
        if len(self._lines) >= _FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_AFTER_S, self.flush)

    def flush(self) -> None:
        """Write what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            try:
                self._out.write(b"".join(lines))
                self._out.flush()
            except (OSError, ValueError):
                # A closed standard output must not fail requests.
                self._on = False
