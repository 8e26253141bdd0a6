"""WebSockets that follow an order or an account."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from chassis import context
from chassis.context import RequestContext
from chassis.errors import ServiceError
from chassis.logs import get_logger
from gateway.backend import AS_ITSELF, Backend
from gateway.realtime import (
    CLOSE_NOT_ALLOWED,
    CLOSE_UNKNOWN,
    Hub,
    Listener,
)
from gateway.rules import Access, rules
from gateway.throttle import Throttle
from gateway.visit import Visit, visit_of
from soko.identity.v1.auth_pb2 import RedeemWsTicketRequest
from soko.orders.v1.order_pb2 import GetOrderRequest, Order

CLOSE_TRY_LATER = 1013
_ORDER_ID = re.compile(r"ord_[0-7][0-9a-hjkmnp-tv-z]{25}")
_ACCOUNT_ID = re.compile(r"usr_[0-7][0-9a-hjkmnp-tv-z]{25}")
_SECRET = re.compile(r"[\x21-\x7e]{1,512}")
_SEQUENCE = re.compile(r"[0-9]{1,18}")
_CLOSE_TIMEOUT_S = 2.0
_log = get_logger(__name__)


class _RefusedError(Exception):
    """The socket closes with a code before it follows anything."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Follower:
    """Who follows what, and what it looks like at this moment."""

    group: str
    session_id: str
    state: bytes


@rules(Access.TICKET)
async def follow_order(socket: WebSocket) -> None:
    """Follow one order: its buyer by ticket, a guest by order token, operators and admins."""
    await _serve(socket, _order_follower)


@rules(Access.TICKET)
async def follow_user(socket: WebSocket) -> None:
    """Follow everything that happens to the caller's orders."""
    await _serve(socket, _user_follower)


routes = [
    WebSocketRoute("/ws/orders/{order_id}", follow_order, name="follow_order"),
    WebSocketRoute("/ws/users/{user_id}", follow_user, name="follow_user"),
]


async def _serve(socket: WebSocket, admit: Callable[[WebSocket], Awaitable[_Follower]]) -> None:
    visit = visit_of(socket.scope)
    context.enter(
        RequestContext(
            traceparent=visit.traceparent,
            request_id=visit.request_id,
            client_address=visit.client,
        )
    )
    await socket.accept()
    hub: Hub = socket.app.state.hub
    try:
        await _count(socket, visit)
        _check_origin(socket)
        after = _after(socket)
        follower = await admit(socket)
        listener = Listener(follower.group, follower.session_id, after or 0)
        await hub.join(listener)
        if follower.session_id in socket.app.state.authenticator.revoked:
            # It ended after its ticket was taken and before the hub could hear of it.
            listener.end(CLOSE_NOT_ALLOWED)
    except _RefusedError as refused:
        await _close(socket, refused.code, refused.reason)
        return
    except ServiceError as error:
        _log.info("socket_refused", kind=error.kind, code=error.code)
        await _close(socket, CLOSE_TRY_LATER, "a service is away, try again")
        return
    except WebSocketDisconnect:
        return
    try:
        await _follow(socket, hub, listener, after, follower.state)
    finally:
        await hub.leave(listener)


async def _count(socket: WebSocket, visit: Visit) -> None:
    throttle: Throttle = socket.app.state.throttle
    try:
        throttle.turn_away(socket.scope, visit)
        await throttle.count("reads", visit)
    except ServiceError:
        raise _RefusedError(CLOSE_TRY_LATER, "too many requests, try later") from None


def _check_origin(socket: WebSocket) -> None:
    allowed: frozenset[str] = socket.app.state.websocket_origins
    origin = socket.headers.get("origin")
    if allowed and origin is not None and origin not in allowed:
        raise _RefusedError(CLOSE_NOT_ALLOWED, "origin not allowed")


def _after(socket: WebSocket) -> int | None:
    text = socket.query_params.get("after")
    if text is None or text == "":
        return None
    if not _SEQUENCE.fullmatch(text):
        raise _RefusedError(CLOSE_NOT_ALLOWED, "after is no sequence number")
    return int(text)


async def _order_follower(socket: WebSocket) -> _Follower:
    order_id = socket.path_params["order_id"]
    if not _ORDER_ID.fullmatch(order_id):
        raise _RefusedError(CLOSE_UNKNOWN, "unknown order")
    backend: Backend = socket.app.state.backend
    token = socket.query_params.get("order_token", "")
    session_id = ""
    if token:
        order = await _order_of_guest(backend, order_id, token)
    else:
        account_id, session_id, staff = await _redeem(socket)
        order = await _order(backend, order_id)
        if order.account_id != account_id and not staff:
            raise _RefusedError(CLOSE_NOT_ALLOWED, "not your order")
    return _Follower("order_" + order_id, session_id, order_state(order))


async def _user_follower(socket: WebSocket) -> _Follower:
    user_id = socket.path_params["user_id"]
    if not _ACCOUNT_ID.fullmatch(user_id):
        raise _RefusedError(CLOSE_UNKNOWN, "unknown account")
    account_id, session_id, _ = await _redeem(socket)
    if account_id != user_id:
        raise _RefusedError(CLOSE_NOT_ALLOWED, "not your account")
    return _Follower("user_" + user_id, session_id, user_state(user_id))


async def _redeem(socket: WebSocket) -> tuple[str, str, bool]:
    """Return account, session and whether the account may follow any order."""
    ticket = socket.query_params.get("ticket", "")
    if not _SECRET.fullmatch(ticket):
        raise _RefusedError(CLOSE_NOT_ALLOWED, "no valid ticket")
    identity = socket.app.state.backend.identity
    try:
        reply = await identity.peer.call(
            identity.auth.RedeemWsTicket,
            RedeemWsTicketRequest(ticket=ticket),
            metadata=AS_ITSELF,
        )
    except ServiceError as error:
        if error.kind in ("unavailable", "timeout", "internal"):
            raise
        raise _RefusedError(CLOSE_NOT_ALLOWED, "no valid ticket") from None
    if reply.session_id in socket.app.state.authenticator.revoked:
        raise _RefusedError(CLOSE_NOT_ALLOWED, "the session has ended")
    staff = not {"operator", "admin"}.isdisjoint(reply.roles)
    return reply.account_id, reply.session_id, staff


async def _order_of_guest(backend: Backend, order_id: str, token: str) -> Order:
    if not _SECRET.fullmatch(token):
        raise _RefusedError(CLOSE_NOT_ALLOWED, "no valid order token")
    orders = backend.orders
    try:
        reply = await orders.peer.call(
            orders.orders.GetOrder, GetOrderRequest(order_id=order_id, token=token), retry=True
        )
    except ServiceError as error:
        if error.kind not in ("not_found", "unauthenticated", "forbidden"):
            raise
        await _order(backend, order_id)
        raise _RefusedError(CLOSE_NOT_ALLOWED, "no valid order token") from None
    return reply.order


async def _order(backend: Backend, order_id: str) -> Order:
    """Return any order, asked on our own account: the caller decides who may follow it."""
    orders = backend.orders
    try:
        reply = await orders.peer.call(
            orders.orders.GetOrder,
            GetOrderRequest(order_id=order_id),
            metadata=AS_ITSELF,
            retry=True,
        )
    except ServiceError as error:
        if error.kind != "not_found":
            raise
        raise _RefusedError(CLOSE_UNKNOWN, "unknown order") from None
    return reply.order


def order_state(order: Order) -> bytes:
    """Return an order's present state as a message that nobody sent: sequence 0, no event."""
    return orjson.dumps(
        {
            "type": "order_status_update",
            "status": order.status,
            "payload": {
                "order_id": order.id,
                "payment_status": order.payment_status,
                "fulfilment_status": order.fulfilment_status,
            },
            "sequence": 0,
            "event_id": None,
        }
    )


def user_state(user_id: str) -> bytes:
    """Return the first message of an account of which nothing was told yet."""
    return orjson.dumps(
        {
            "type": "connected",
            "status": "",
            "payload": {"user_id": user_id},
            "sequence": 0,
            "event_id": None,
        }
    )


async def _follow(
    socket: WebSocket, hub: Hub, listener: Listener, after: int | None, state: bytes
) -> None:
    """Send the current state, what was missed and what comes, until one side ends it."""
    writer = asyncio.create_task(_write(socket, listener))
    reader = asyncio.create_task(_read(socket))
    ended = asyncio.create_task(listener.ended.wait())
    tasks = (writer, reader, ended)
    try:
        try:
            await hub.begin(listener, after, state)
        except ServiceError as error:
            _log.info("catch_up_failed", error=str(error))
            listener.end(CLOSE_TRY_LATER)
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        gone = reader.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if listener.close_code is not None and not gone:
        await _close(socket, listener.close_code, "")


async def _write(socket: WebSocket, listener: Listener) -> None:
    while True:
        body = await listener.queue.get()
        await socket.send_text(body.decode())


async def _read(socket: WebSocket) -> None:
    """Return when the client has gone; what it says means nothing."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await socket.close(code, reason)
