"""HTTP to servers that are somebody else's: bounded in time and size, no redirects, JSON only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from chassis.context import remaining_s
from chassis.errors import timed_out, unavailable
from chassis.logs import get_logger
from chassis.telemetry import call_span

_CONNECT_S = 2.0
_TOTAL_S = 4.0
_LARGEST_ANSWER = 256 * 1024
_TO_SAY_SO_S = 0.3
"""What is left of a caller's time to be told that a server did not answer."""
_CONNECTIONS = 20
_RETRY_AFTER_S = 5
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 500 that is no redirect, and the JSON object that came with it."""

    status: int
    document: Mapping[str, Any]


class BoundedHttp:
    """A client of one server, by the name that errors call it.

    A call takes 4 s and reads 256 KiB at most. It raises ServiceError ``unavailable`` or
    ``timeout``; what exactly was wrong is in the log.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(_TOTAL_S, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            follow_redirects=False,
            # A small answer must not unpack to a large one.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read a document."""
        return await self._ask("GET", url, headers or {}, None)

    async def post_form(self, url: str, headers: Mapping[str, str], form: str) -> Answer:
        """Send a form that is encoded already."""
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", url, {**headers, **content_type}, form)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], content: str | None
    ) -> Answer:
        request = self._client.build_request(method, url, headers=dict(headers), content=content)
        try:
            with call_span(method, {"server.address": self._server}):
                async with asyncio.timeout(_time_left()):
                    status, body = await self._bytes_of(request)
        except (TimeoutError, httpx.TimeoutException):
            _log.warning("server_timeout", server=self._server, url=url)
            raise timed_out(self._server) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise self._of_no_use(url, f"{type(error).__name__}: {error}") from None
        if status >= 500 or 300 <= status < 400 or status == 429:
            raise self._of_no_use(url, f"status {status}")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise self._of_no_use(url, f"status {status} without JSON") from None
        if not isinstance(document, dict):
            raise self._of_no_use(url, f"status {status} without a JSON object")
        return Answer(status, document)

    async def _bytes_of(self, request: httpx.Request) -> tuple[int, bytes]:
        response = await self._client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("the answer is packed")
            body = b""
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    raise ValueError("the answer is too long")
            return response.status_code, body
        finally:
            await response.aclose()

    def _of_no_use(self, url: str, why: str) -> Exception:
        _log.warning("server_of_no_use", server=self._server, url=url, why=why)
        return unavailable(self._server, _RETRY_AFTER_S)


def _time_left() -> float:
    left = remaining_s()
    return _TOTAL_S if left is None else max(0.0, min(_TOTAL_S, left - _TO_SAY_SO_S))
