"""What a simulated provider can be told to do wrong, one call at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

BEFORE = "error before the effect"
AFTER = "error after the effect"
SILENCE = "no answer after the effect"


class Faults:
    """The faults of the next calls that change something, in their order."""

    def __init__(self, body: dict[str, object]) -> None:
        self._next: deque[str] = deque()
        self._body = body

    def plan(self, *faults: str) -> None:
        """Let the next calls go wrong."""
        self._next.extend(faults)

    async def around(self, request: Request, act: Callable[[], Awaitable[Response]]) -> Response:
        """Answer a call, or not, as planned."""
        fault = self._next.popleft() if self._next else ""
        if fault == BEFORE:
            return JSONResponse(self._body, 500)
        response = await act()
        if fault == AFTER:
            return JSONResponse(self._body, 500)
        if fault == SILENCE:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return response
