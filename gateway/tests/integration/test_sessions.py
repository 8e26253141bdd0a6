"""Who calls: tokens that are valid, and sessions that ended."""

import pytest

from chassis.broker import Broker
from chassis.errors import unavailable
from devstack.testing import eventually
from soko.events.v1.identity_pb2 import SessionRevoked
from soko.identity.v1 import account_pb2, auth_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")


def started(gateway):
    return lambda: gateway.gateway.readiness.is_started


def refused(gateway, headers):
    async def is_refused():
        return (await gateway.client.get("/v1/me", headers=headers)).status_code == 401

    return is_refused


async def test_a_token_travels_to_the_service(running):
    running.services.answers["GetMe"] = lambda _request, _metadata: account_pb2.GetMeResponse(
        account=account_pb2.Account(
            id="usr_1",
            email="a@b.example",
            roles=["buyer"],
            sellers=[account_pb2.Membership(seller_id="sel_1", slug="s", name="S", role="owner")],
        )
    )
    headers = running.issuer.bearer()
    answer = await running.client.get(
        "/v1/me",
        headers={
            **headers,
            "X-Request-ID": "req-1",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        },
    )
    assert answer.json() == {
        "id": "usr_1",
        "email": "a@b.example",
        "name": "",
        "locale": "",
        "email_verified": False,
        "second_factor": False,
        "roles": ["buyer"],
        "sellers": [{"id": "sel_1", "slug": "s", "name": "S", "role": "owner"}],
    }
    (call,) = running.services.got("GetMe")
    assert call.metadata["authorization"] == headers["Authorization"]
    assert call.metadata["soko-service"] == "gateway"
    assert call.metadata["x-request-id"] == answer.headers["X-Request-ID"] == "req-1"
    assert call.metadata["traceparent"].split("-")[1] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": 1}, "token_expired"),
        ({"iss": "other"}, "invalid_token"),
        ({"aud": "other"}, "invalid_token"),
        ({"nbf": 2**40}, "invalid_token"),
        ({"sub": None}, "invalid_token"),
        ({"exp": "soon"}, "invalid_token"),
    ],
)
async def test_a_token_with_wrong_claims_is_refused(running, claims, code):
    answer = await running.client.get("/v1/me", headers=running.issuer.bearer(**claims))
    assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "x", "Bearer a b"])
async def test_other_credentials_are_refused(running, value):
    answer = await running.client.get("/v1/me", headers={"Authorization": value.strip()})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_bad_credentials_are_refused_where_guests_may_call(running):
    answer = await running.client.post(
        "/v1/carts", json={}, headers={"Authorization": "Bearer a.b.c"}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_a_token_stops_working_with_its_logout_in_every_worker(
    running, services, start_gateway, make_settings, nats_url, make_id
):
    session = make_id("ses")
    token = running.issuer.token(make_id("usr"), session_id=session)
    headers = {"Authorization": f"Bearer {token}"}
    services.answers["Logout"] = lambda _request, _metadata: auth_pb2.LogoutResponse(
        session_id=session
    )
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        assert (await running.client.get("/v1/me", headers=headers)).status_code == 200
        assert (await other.client.get("/v1/me", headers=headers)).status_code == 200
        await eventually(started(other))
        assert (await running.client.post("/v1/auth/logout", headers=headers)).status_code == 204
        here = await running.client.get("/v1/me", headers=headers)
        assert (here.status_code, here.json()["code"]) == (401, "session_revoked")
        await eventually(refused(other, headers), timeout_s=2)


async def test_a_session_that_identity_revokes_is_refused(running, nats_url, make_id, publish):
    session = make_id("ses")
    headers = running.issuer.bearer(session_id=session)
    assert (await running.client.get("/v1/me", headers=headers)).status_code == 200
    await publish("identity", "session_revoked", SessionRevoked(session_id=session))
    await eventually(refused(running, headers), timeout_s=2)


async def test_sessions_revoked_before_the_start_are_refused(
    running, services, start_gateway, make_settings, nats_url, make_id
):
    session = make_id("ses")
    services.answers["ListRevokedSessions"] = lambda _request, _metadata: (
        auth_pb2.ListRevokedSessionsResponse(session_ids=[session])
    )
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        headers = running.issuer.bearer(session_id=session)
        await eventually(refused(other, headers), timeout_s=2)
    (call, *_) = services.got("ListRevokedSessions")
    assert call.metadata["soko-service"] == "gateway-itself"


async def test_tokens_are_verified_while_identity_is_away(running):
    headers = running.issuer.bearer()

    def away(_request, _metadata):
        raise unavailable("identity")

    assert (await running.client.get("/v1/me", headers=headers)).status_code == 200
    running.services.answers["GetJwks"] = away
    fresh = running.issuer.bearer()
    assert (await running.client.get("/v1/me", headers=fresh)).status_code == 200


async def test_register_login_and_refresh_answer_with_tokens(running):
    tokens = auth_pb2.Tokens(access_token="a", refresh_token="r", expires_in_s=600)
    answers = running.services.answers
    answers["Register"] = lambda _request, _metadata: auth_pb2.RegisterResponse(
        account=account_pb2.Account(id="usr_1"), tokens=tokens
    )
    answers["Login"] = lambda _request, _metadata: auth_pb2.LoginResponse(tokens=tokens)
    answers["Refresh"] = lambda _request, _metadata: auth_pb2.RefreshResponse(tokens=tokens)
    expected = {
        "access_token": "a",
        "refresh_token": "r",
        "token_type": "Bearer",
        "expires_in": 600,
    }
    registered = await running.client.post(
        "/v1/auth/register",
        json={"email": "a@b.example", "password": "long enough", "name": " A "},
        headers={"Accept-Language": "sw-KE,en;q=0.8"},
    )
    assert registered.status_code == 201
    assert registered.json().pop("user")["id"] == "usr_1"
    assert expected.items() <= registered.json().items()
    (call,) = running.services.got("Register")
    assert (call.request.locale, call.request.name) == ("sw-KE", "A")
    login = await running.client.post("/v1/auth/login", json={"email": "a", "password": "b"})
    refresh = await running.client.post("/v1/auth/refresh", json={"refresh_token": "r"})
    assert (login.status_code, login.json()) == (200, expected)
    assert (refresh.status_code, refresh.json()) == (200, expected)
    assert login.headers["Cache-Control"] == "no-store"


async def test_roles_are_set_by_account(running, make_id):
    account = make_id("usr")
    answer = await running.client.put(
        f"/v1/admin/accounts/{account}/roles",
        json={"roles": ["operator"]},
        headers=running.issuer.bearer("admin"),
    )
    assert answer.status_code == 200
    (call,) = running.services.got("SetRoles")
    assert (call.request.account_id, list(call.request.roles)) == (account, ["operator"])
    wrong = await running.client.put(
        f"/v1/admin/accounts/{account}/roles",
        json={"roles": ["emperor"]},
        headers=running.issuer.bearer("admin"),
    )
    assert wrong.json()["errors"][0]["pointer"] == "/roles/0"


async def test_the_keys_are_public(running):
    answer = await running.client.get("/.well-known/jwks.json")
    assert answer.json()["keys"][0]["kid"] == "test"
    assert "d" not in answer.json()["keys"][0]


async def test_an_unreachable_broker_does_not_keep_a_logout_from_working(
    running, services, start_gateway, make_settings, make_id, monkeypatch
):
    async def refuse(_self, _subject, _data):
        raise unavailable("broker")

    monkeypatch.setattr(Broker, "publish_core", refuse)
    session = make_id("ses")
    headers = running.issuer.bearer(session_id=session)
    assert (await running.client.post("/v1/auth/logout", headers=headers)).status_code == 204
    assert (await running.client.get("/v1/me", headers=headers)).status_code == 401
