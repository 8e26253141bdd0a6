"""Logging in with providers, as browsers and other clients see it."""

import pytest

from chassis.errors import conflict, timed_out, unavailable
from soko.identity.v1 import auth_pb2
from soko.identity.v1 import external_login_pb2 as pb

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTHORIZE = "/v1/auth/oauth/google/authorize"
CALLBACK = "/v1/auth/oauth/google/callback"
LINKS = "/v1/me/identities"
ANSWER = {"code": "c", "state": "s"}


def begun(answer_type):
    def answer(_request, _metadata):
        page = "https://issuer.example/authorize?x=1"
        return answer_type(
            begun=pb.BegunLogin(authorization_url=page, client_token="own", expires_in_s=600)
        )

    return answer


@pytest.fixture
def identity(running):
    running.client.cookies.clear()
    running.services.answers |= {
        "BeginExternalLogin": begun(pb.BeginExternalLoginResponse),
        "BeginLink": begun(pb.BeginLinkResponse),
        "FinishExternalLogin": lambda _request, _metadata: pb.FinishExternalLoginResponse(
            tokens=auth_pb2.Tokens(access_token="a", refresh_token="r", expires_in_s=600)
        ),
        "FinishLink": lambda _request, _metadata: pb.FinishLinkResponse(
            identity=pb.ExternalIdentity(provider="google")
        ),
    }
    yield running.services
    running.client.cookies.clear()


async def test_the_providers_are_listed_to_anybody(running, identity):
    identity.answers["ListLoginProviders"] = lambda _request, _metadata: (
        pb.ListLoginProvidersResponse(providers=[pb.LoginProvider(name="google", title="Google")])
    )
    answer = await running.client.get("/v1/auth/oauth")
    assert answer.json() == {
        "items": [{"provider": "google", "name": "Google"}],
        "next_cursor": None,
    }


async def test_a_browser_brings_the_token_back_by_itself(running, identity):
    answer = await running.client.get(AUTHORIZE)
    assert answer.json() == {
        "authorization_url": "https://issuer.example/authorize?x=1",
        "client_token": "own",
        "expires_in": 600,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["set-cookie"] == (
        "soko_oauth=own; HttpOnly; Max-Age=600; Path=/; SameSite=strict"
    )
    answer = await running.client.post(
        CALLBACK,
        json=ANSWER,
        headers={"Accept-Language": "sw-KE,en;q=0.5", "User-Agent": "Browser/1.0"},
    )
    assert answer.json() == {
        "access_token": "a",
        "refresh_token": "r",
        "token_type": "Bearer",
        "expires_in": 600,
    }
    (call,) = identity.got("FinishExternalLogin")
    assert call.request == pb.FinishExternalLoginRequest(
        answer=pb.ProviderAnswer(provider="google", code="c", state="s", client_token="own"),
        locale="sw-KE",
        user_agent="Browser/1.0",
    )
    # It has done its work.
    assert not running.client.cookies


async def test_another_client_sends_the_token_itself(running, identity):
    body = {**ANSWER, "client_token": "kept", "iss": "https://issuer.example"}
    answer = await running.client.post(
        CALLBACK, json=body, headers={"Cookie": "soko_oauth=another"}
    )
    assert answer.status_code == 200
    (call,) = identity.got("FinishExternalLogin")
    assert call.request.answer.client_token == "kept"
    assert call.request.answer.issuer == "https://issuer.example"


async def test_the_second_factor_comes_with_the_same_call(running, identity):
    await running.client.post(CALLBACK, json={**ANSWER, "totp_code": "123 456"})
    (call,) = identity.got("FinishExternalLogin")
    assert call.request.totp_code == "123 456"
    link = {**ANSWER, "totp_code": "123 456"}
    answer = await running.client.post(
        LINKS + "/google/callback", json=link, headers=running.issuer.bearer()
    )
    assert answer.json()["code"] == "unknown_field"


async def test_in_production_no_other_host_can_plant_the_cookie(
    running, identity, services, start_gateway, make_settings, nats_url
):
    settings = make_settings(services, nats_url, environment="production", sandbox_enabled=False)
    async for production in start_gateway(settings, services, running.issuer):
        answer = await production.client.get(AUTHORIZE)
        assert answer.headers["set-cookie"] == (
            "__Host-soko_oauth=own; HttpOnly; Max-Age=600; Path=/; SameSite=strict; Secure"
        )
        sent = {"Cookie": "soko_oauth=planted; __Host-soko_oauth=own"}
        await production.client.post(CALLBACK, json=ANSWER, headers=sent)
    (call,) = identity.got("FinishExternalLogin")
    assert call.request.answer.client_token == "own"


async def test_a_link_is_begun_and_finished_by_an_account(running, identity):
    headers = running.issuer.bearer()
    for method, path in (
        ("GET", LINKS),
        ("POST", LINKS + "/google"),
        ("DELETE", LINKS + "/google"),
    ):
        assert (await running.client.request(method, path)).status_code == 401
    guest = await running.client.post(LINKS + "/google/callback", json=ANSWER)
    assert guest.json()["code"] == "authentication_required"
    begin = await running.client.post(LINKS + "/google", headers=headers)
    assert begin.json()["client_token"] == "own"
    answer = await running.client.post(LINKS + "/google/callback", json=ANSWER, headers=headers)
    assert answer.status_code == 201
    assert answer.json() == {
        "provider": "google",
        "email": None,
        "linked_at": "1970-01-01T00:00:00Z",
    }
    (call,) = identity.got("FinishLink")
    assert call.request.answer.client_token == "own"
    assert call.metadata["authorization"] == headers["Authorization"]
    removed = await running.client.delete(LINKS + "/google", headers=headers)
    assert removed.status_code == 204
    (call,) = identity.got("UnlinkIdentity")
    assert call.request.provider == "google"
    assert (await running.client.get(LINKS, headers=headers)).json() == {
        "items": [],
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (unavailable("google", 5), 503, "service_unavailable"),
        (timed_out("google"), 504, "service_timeout"),
        (conflict("account_exists"), 409, "account_exists"),
    ],
)
async def test_what_the_provider_does_is_told(running, identity, error, status, code):
    def fail(_request, _metadata):
        raise error

    identity.answers["FinishExternalLogin"] = fail
    answer = await running.client.post(CALLBACK, json=ANSWER)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status >= 500:
        assert answer.json()["service"] == "google"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"code": "c"}, 422, "validation_failed"),
        ({"code": "", "state": "s"}, 422, "validation_failed"),
        ({"code": "c" * 2049, "state": "s"}, 422, "validation_failed"),
        ({"code": "c\n", "state": "s"}, 422, "validation_failed"),
        ({"code": 1, "state": "s"}, 422, "validation_failed"),
        ({"code": "c", "state": "s" * 1025}, 422, "validation_failed"),
        ({**ANSWER, "client_token": ""}, 422, "validation_failed"),
        ({**ANSWER, "iss": ""}, 422, "validation_failed"),
        ({**ANSWER, "nonce": "n"}, 422, "unknown_field"),
    ],
)
async def test_an_answer_that_cannot_be_one_is_refused(running, identity, body, status, code):
    answer = await running.client.post(CALLBACK, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not identity.got("FinishExternalLogin")


@pytest.mark.parametrize("name", ["Google", "a_b", "-a", "a" * 33, "a%20b"])
async def test_a_name_that_no_provider_has_is_unknown(running, identity, name):
    assert (await running.client.get(f"/v1/auth/oauth/{name}/authorize")).status_code == 404
    assert not identity.got("BeginExternalLogin")
