"""The caller's sessions and password at the edge."""

import asyncio
from datetime import UTC, datetime

import pytest
from websockets.asyncio.client import connect

from devstack.testing import eventually
from soko.identity.v1 import auth_pb2, credential_pb2, session_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_sessions_are_listed(running, make_id):
    session = session_pb2.Session(
        id=make_id("ses"), user_agent="Phone", address="203.0.113.0/24", current=True
    )
    session.opened_at.FromDatetime(datetime(2026, 11, 20, tzinfo=UTC))
    session.last_used_at.FromDatetime(datetime(2026, 11, 21, tzinfo=UTC))
    running.services.answers["ListSessions"] = lambda _request, _metadata: (
        session_pb2.ListSessionsResponse(sessions=[session], next_cursor="c")
    )
    answer = await running.client.get(
        "/v1/me/sessions?limit=1&cursor=b", headers=running.issuer.bearer()
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [
            {
                "id": session.id,
                "opened_at": "2026-11-20T00:00:00Z",
                "last_used_at": "2026-11-21T00:00:00Z",
                "user_agent": "Phone",
                "address": "203.0.113.0/24",
                "current": True,
            }
        ],
        "next_cursor": "c",
    }
    (call,) = running.services.got("ListSessions")
    assert (call.request.page.limit, call.request.page.cursor) == (1, "b")


async def test_what_a_client_says_of_itself_is_passed_on_where_tokens_are_issued(running):
    headers = {"User-Agent": "Phone" + "x" * 1000}
    account = {"email": "a@b.example", "password": "long enough", "name": "A"}
    for path, body, method in (
        ("register", account, "Register"),
        ("login", {"email": "a", "password": "b"}, "Login"),
        ("refresh", {"refresh_token": "r"}, "Refresh"),
    ):
        await running.client.post(f"/v1/auth/{path}", json=body, headers=headers)
        (call,) = running.services.got(method)
        assert call.request.user_agent == headers["User-Agent"][:512]


def follow(running, account, session):
    """Return where the account's socket is; the ticket is the session's id."""
    running.services.answers["RedeemWsTicket"] = lambda request, _metadata: (
        auth_pb2.RedeemWsTicketResponse(account_id=account, session_id=request.ticket)
    )
    return f"/ws/users/{account}?ticket={session}"


async def code_of(socket):
    async with asyncio.timeout(10):
        await socket.wait_closed()
    return socket.close_code


@pytest.mark.parametrize("way", ["revoked", "password changed"])
async def test_a_session_that_ends_closes_its_sockets_in_every_worker(
    running, services, start_gateway, make_settings, nats_url, make_id, way
):
    account, session, kept = make_id("usr"), make_id("ses"), make_id("ses")
    headers = {"Authorization": f"Bearer {running.issuer.token(account, session_id=kept)}"}
    ended = {"Authorization": f"Bearer {running.issuer.token(account, session_id=session)}"}
    services.answers["ChangePassword"] = lambda _request, _metadata: (
        credential_pb2.ChangePasswordResponse(session_ids=[session])
    )
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        await eventually(started(other))
        path = follow(running, account, session)
        here = await connect(running.websocket_url + path)
        there = await connect(other.websocket_url + path)
        own = await connect(other.websocket_url + follow(running, account, kept))
        for socket in (here, there, own):
            await socket.recv()
        if way == "revoked":
            done = await running.client.delete(f"/v1/me/sessions/{session}", headers=headers)
        else:
            done = await running.client.post(
                "/v1/me/password",
                json={"current_password": "as it was", "new_password": "as it will be"},
                headers=headers,
            )
        assert done.status_code == 204
        for socket in (here, there):
            assert await code_of(socket) == 4401
        for gateway in (running, other):
            refused = await gateway.client.get("/v1/me", headers=ended)
            assert (refused.status_code, refused.json()["code"]) == (401, "session_revoked")
        assert (await other.client.get("/v1/me", headers=headers)).status_code == 200
        assert own.close_code is None
        await own.close()


def started(gateway):
    return lambda: gateway.gateway.readiness.is_started


async def test_a_session_that_ends_while_its_socket_opens_closes_it(running, make_id, monkeypatch):
    """The ticket was taken, and the hub does not know of the socket yet."""
    account, session = make_id("usr"), make_id("ses")
    path = follow(running, account, session)
    hub = running.gateway.hub
    join = hub.join

    async def join_late(listener):
        running.gateway.application.state.authenticator.revoked.add(session)
        await join(listener)

    monkeypatch.setattr(hub, "join", join_late)
    assert await code_of(await connect(running.websocket_url + path)) == 4401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"current_password": "as it was"},
        {"current_password": "as it was", "new_password": "short"},
        {"current_password": "", "new_password": "long enough"},
        {"current_password": "as it was", "new_password": "x" * 129},
        {"current_password": "as it was", "new_password": "long enough", "totp": "1"},
    ],
)
async def test_a_change_without_both_passwords_is_refused(running, body):
    answer = await running.client.post(
        "/v1/me/password", json=body, headers=running.issuer.bearer()
    )
    assert answer.status_code == 422
    assert not running.services.got("ChangePassword")


async def test_a_wrong_session_id_is_not_found(running):
    answer = await running.client.delete(
        "/v1/me/sessions/nonsense", headers=running.issuer.bearer()
    )
    assert answer.status_code == 404
