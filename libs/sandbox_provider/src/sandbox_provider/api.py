"""The provider's HTTP interface, spoken as plain ASGI: it is on the way of every checkout."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from sandbox_provider.log import Log, Standing
from sandbox_provider.tokens import ERRORING, FIRST, TIMEOUT_TOKEN

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_LARGEST_BODY = 64 * 1024
_MOST_CAPTURES = 500
_LONGEST_PAGE = 10_000
_LARGEST_AMOUNT = 2**53 - 1


class _RefusedError(Exception):
    """The request makes no sense; the status says how."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Api:
    """Answers in JSON; 4xx with ``{"error": ...}`` for nonsense, 500 where a token wants it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            status, document = await self._answer(scope, receive)
        except _RefusedError as refused:
            status, document = refused.status, {"error": refused.error}
        if document is _NO_ANSWER:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        body = orjson.dumps(document)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, Any]:
        method, path = scope["method"], scope["path"].strip("/").split("/")
        if method == "POST":
            body = await _body(receive)
            match path:
                case ["payments"]:
                    return await self._create(body)
                case ["captures"]:
                    return await self._capture(body)
                case ["refunds"]:
                    return await self._refund(body)
                case ["payments", attempt_id, "void"]:
                    return _standing(await self._log.void(attempt_id))
                case ["payments", attempt_id, "decide"]:
                    succeed = _typed(body, "succeed", bool)
                    return _standing(await self._log.decide(attempt_id, succeed=succeed))
        elif method == "GET":
            match path:
                case ["payments", attempt_id]:
                    return _standing(await self._log.find(attempt_id))
                case ["refunds", refund_id]:
                    status = await self._log.find_refund(refund_id)
                    return _not_found() if status is None else (200, {"status": status})
                case ["report"]:
                    return await self._report(scope)
                case ["health"]:
                    return 200, {"status": "ok"}
        return _not_found()

    async def _create(self, body: dict[str, Any]) -> tuple[int, Any]:
        for name in ("attempt_id", "payment_id"):
            _id(body, name)
        _typed(body, "currency", str)
        _amount(body, least=0)
        token = _typed(body, "token", str)
        if token not in FIRST:
            raise _RefusedError(422, "unknown_token")
        standing = await self._log.create(body)
        if standing.status == ERRORING:
            return 500, {"error": "internal"}
        if token == TIMEOUT_TOKEN and standing.calls == 1:
            return 200, _NO_ANSWER
        return _standing(standing)

    async def _capture(self, body: dict[str, Any]) -> tuple[int, Any]:
        ids = _typed(body, "attempt_ids", list)
        if len(ids) > _MOST_CAPTURES or not all(isinstance(each, str) for each in ids):
            raise _RefusedError(422, "attempt_ids")
        done = await self._log.capture(ids)
        return 200, {id_: _standing(standing)[1] for id_, standing in done.items()}

    async def _refund(self, body: dict[str, Any]) -> tuple[int, Any]:
        status = await self._log.refund(
            _id(body, "refund_id"), _id(body, "attempt_id"), _amount(body, least=1)
        )
        return 200, {"status": status}

    async def _report(self, scope: Message) -> tuple[int, Any]:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            since, until = int(query["since_ms"][0]), int(query["until_ms"][0])
            at_ms, _, number = query.get("after", ["-1:0"])[0].partition(":")
            after = (int(at_ms), int(number))
            limit = int(query.get("limit", ["1000"])[0])
        except (KeyError, ValueError):
            raise _RefusedError(422, "period") from None
        rows = await self._log.report(since, until, after, max(1, min(limit, _LONGEST_PAGE)))
        last = f"{rows[-1]['at_ms']}:{rows[-1]['id']}" if rows else None
        return 200, {"movements": rows, "after": last}


_NO_ANSWER = object()


def _standing(standing: Standing | None) -> tuple[int, Any]:
    """One that only ever failed is not there, as far as anybody outside can see."""
    if standing is None or standing.status == ERRORING:
        return _not_found()
    return 200, {"status": standing.status, "code": standing.code}


def _not_found() -> tuple[int, Any]:
    return 404, {"error": "not_found"}


async def _body(receive: Receive) -> dict[str, Any]:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _LARGEST_BODY:
            raise _RefusedError(413, "too_large")
        if not message.get("more_body"):
            break
    try:
        document = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise _RefusedError(400, "malformed") from None
    if not isinstance(document, dict):
        raise _RefusedError(400, "malformed")
    return document


def _typed(body: dict[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if not isinstance(value, kind):
        raise _RefusedError(422, name)
    return value


def _id(body: dict[str, Any], name: str) -> str:
    text = str(_typed(body, name, str))
    try:
        UUID(text)
    except ValueError:
        raise _RefusedError(422, name) from None
    return text


def _amount(body: dict[str, Any], *, least: int) -> int:
    amount = int(_typed(body, "amount_minor", int))
    if not least <= amount <= _LARGEST_AMOUNT:
        raise _RefusedError(422, "amount_minor")
    return amount
