"""API keys at the edge: exchanged, remembered, narrowed by scopes and revoked everywhere."""

import secrets
from datetime import UTC, datetime

import pytest

from chassis.errors import not_found, unauthenticated, unavailable
from devstack.testing import eventually
from gateway.api import ApiRoute
from gateway.rules import Access, rules_of
from soko.catalog.v1 import catalog_pb2
from soko.events.v1.identity_pb2 import ApiKeyRevoked
from soko.identity.v1 import api_key_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDERS = "/v1/orders"


@pytest.fixture
def make_key(running, make_id):
    """Return a function that has the fake identity know a key, and its headers and id."""
    known = {}

    def exchange(request, _metadata):
        if request.secret not in known:
            raise unauthenticated("invalid_api_key")
        key_id, account_id, scopes, lives_s = known[request.secret]
        token = running.issuer.token(account_id, session_id=key_id, scope=" ".join(scopes))
        return api_key_pb2.ExchangeApiKeyResponse(access_token=token, expires_in_s=lives_s)

    def make(*scopes, lives_s=600):
        secret, key_id = "soko_" + secrets.token_urlsafe(32), make_id("key")
        known[secret] = (key_id, make_id("usr"), scopes, lives_s)
        return {"X-API-Key": secret}, key_id

    running.services.answers["ExchangeApiKey"] = exchange
    return make


async def code_of(running, method, path, headers, **sent):
    answer = await running.client.request(method, path, headers=headers, **sent)
    return answer.status_code, answer.json().get("code") if answer.content else None


def refused(gateway, headers):
    async def is_refused():
        return await code_of(gateway, "GET", ORDERS, headers) == (401, "invalid_api_key")

    return is_refused


async def test_a_key_travels_on_as_an_access_token_and_is_asked_for_once(running, make_key):
    headers, _ = make_key("orders:read")
    for _ in range(3):
        assert (await running.client.get(ORDERS, headers=headers)).status_code == 200
    (exchanged,) = running.services.got("ExchangeApiKey")
    assert "authorization" not in exchanged.metadata
    calls = running.services.got("ListOrders")
    assert len(calls) == 3
    for call in calls:
        assert call.metadata["authorization"].startswith("Bearer ey")
        assert headers["X-API-Key"] not in str(call.metadata)


async def test_a_token_is_asked_for_anew_shortly_before_it_expires(running, make_key):
    headers, _ = make_key("orders:read", lives_s=60)
    for _ in range(2):
        assert (await running.client.get(ORDERS, headers=headers)).status_code == 200
    assert len(running.services.got("ExchangeApiKey")) == 2


async def test_a_key_does_what_its_scopes_say_and_no_more(running, make_key, make_id):
    reader, _ = make_key("orders:read")
    writer, _ = make_key("orders:write")
    none, _ = make_key()
    cancel = f"{ORDERS}/{make_id('ord')}/cancel"
    sent = {"json": {"reason": "sample"}}
    missing = (403, "insufficient_scope")
    assert (await code_of(running, "GET", ORDERS, reader))[0] == 200
    assert await code_of(running, "GET", ORDERS, writer) == missing
    assert await code_of(running, "GET", ORDERS, none) == missing
    keyed = {"Idempotency-Key": "k"}
    assert await code_of(running, "POST", cancel, {**reader, **keyed}, **sent) == missing
    assert (await code_of(running, "POST", cancel, {**writer, **keyed}, **sent))[0] == 200
    assert len(running.services.got("CancelOrder")) == 1


async def test_what_is_not_public_needs_the_scope_where_anybody_may_read(running, make_key):
    def published(_request, metadata):
        if "authorization" not in metadata:
            raise not_found()
        return catalog_pb2.GetProductResponse(product=catalog_pb2.Product(id="prd_1"))

    running.services.answers["GetProduct"] = published
    reader, _ = make_key("catalog:read")
    other, _ = make_key("orders:read")
    path = "/v1/products/a-draft"
    assert (await running.client.get(path)).status_code == 404
    assert (await running.client.get(path, headers=reader)).status_code == 200
    assert await code_of(running, "GET", path, other) == (403, "insufficient_scope")


async def test_every_operation_without_a_scope_is_closed_to_keys(running, make_key):
    headers, _ = make_key(
        "catalog:read", "catalog:write", "orders:read", "orders:write", "payments:read",
        "payments:write",
    )  # fmt: skip
    closed = [
        route
        for route in running.gateway.application.routes
        if isinstance(route, ApiRoute)
        and (found := rules_of(route.endpoint)).access in {Access.ACCOUNT, Access.OPTIONAL}
        and not found.scope
    ]
    paths = {route.path for route in closed}
    assert {"/v1/api-keys", "/v1/me", "/v1/auth/logout", "/v1/ws-tickets"} <= paths
    assert "/v1/admin/accounts/{account_id}/roles" in paths
    running.services.calls.clear()
    for route in closed:
        for method in route.methods:
            path = route.path.replace("{", "").replace("}", "")
            found = await code_of(running, method, path, headers, params={"sample": "1"})
            assert found in {(403, "insufficient_scope"), (404, "not_found")}, route.path
    assert {call.method for call in running.services.calls} <= {"ExchangeApiKey"}


@pytest.mark.parametrize(
    "key",
    [
        "soko_",
        "soko_" + "A" * 42,
        "soko_" + "A" * 44,
        "key_" + "A" * 43,
        "soko_" + "A" * 42 + "!",
        "soko_" + "A" * 30_000,
    ],
)
async def test_what_cannot_be_a_key_is_refused_unasked(running, make_key, key):
    found = await code_of(running, "GET", ORDERS, {"X-API-Key": key})
    assert found == (401, "invalid_api_key")
    assert not running.services.got("ExchangeApiKey")


async def test_a_key_that_nobody_made_is_refused_everywhere(running, make_key):
    forged = {"X-API-Key": "soko_" + secrets.token_urlsafe(32)}
    assert await code_of(running, "GET", ORDERS, forged) == (401, "invalid_api_key")
    assert await code_of(running, "POST", "/v1/carts", forged, json={}) == (
        401,
        "invalid_api_key",
    )


async def test_two_kinds_of_credentials_are_refused(running, make_key):
    headers, _ = make_key("orders:read")
    both = {**headers, **running.issuer.bearer()}
    assert await code_of(running, "GET", ORDERS, both) == (400, "invalid_header")


async def test_a_known_key_works_while_identity_is_away_and_a_new_one_gets_503(running, make_key):
    known, _ = make_key("orders:read")
    assert (await running.client.get(ORDERS, headers=known)).status_code == 200

    def away(_request, _metadata):
        raise unavailable("identity")

    running.services.answers["ExchangeApiKey"] = away
    assert (await running.client.get(ORDERS, headers=known)).status_code == 200
    new = {"X-API-Key": "soko_" + secrets.token_urlsafe(32)}
    assert (await code_of(running, "GET", ORDERS, new))[0] == 503


async def test_a_revoked_key_stops_working_in_every_worker(
    running, services, start_gateway, make_settings, nats_url, make_key
):
    headers, key_id = make_key("orders:read")
    async for other in start_gateway(make_settings(services, nats_url), services, running.issuer):
        for gateway in (running, other):
            assert (await gateway.client.get(ORDERS, headers=headers)).status_code == 200
        await eventually(lambda: other.gateway.application.state.sessions.listening)  # noqa: B023
        revoked = await running.client.delete(
            f"/v1/api-keys/{key_id}", headers=running.issuer.bearer()
        )
        assert revoked.status_code == 204
        assert await refused(running, headers)()
        await eventually(refused(other, headers), timeout_s=2)


async def test_a_key_that_identity_revokes_is_refused(running, publish, make_key):
    headers, key_id = make_key("orders:read")
    assert (await running.client.get(ORDERS, headers=headers)).status_code == 200
    await publish("identity", "api_key_revoked", ApiKeyRevoked(api_key_id=key_id))
    await eventually(refused(running, headers), timeout_s=2)


async def test_a_key_is_made_shown_once_listed_and_revoked(running, make_id):
    made_at = datetime(2026, 11, 21, tzinfo=UTC)
    key = api_key_pb2.ApiKey(
        id=make_id("key"), name="Stock keeper", prefix="soko_Vb4pex", scopes=["catalog:read"]
    )
    key.created_at.FromDatetime(made_at)
    key.expires_at.FromDatetime(made_at)
    answers = running.services.answers
    answers["CreateApiKey"] = lambda _request, _metadata: api_key_pb2.CreateApiKeyResponse(
        api_key=key, secret="soko_secret"
    )
    answers["ListApiKeys"] = lambda _request, _metadata: api_key_pb2.ListApiKeysResponse(
        api_keys=[key]
    )
    person = running.issuer.bearer()
    made = await running.client.post("/v1/api-keys", json={"name": "k"}, headers=person)
    listed = await running.client.get("/v1/api-keys", headers=person)
    shown = {
        "id": key.id,
        "name": "Stock keeper",
        "prefix": "soko_Vb4pex",
        "scopes": ["catalog:read"],
        "created_at": "2026-11-21T00:00:00Z",
        "expires_at": "2026-11-21T00:00:00Z",
        "last_used_at": None,
    }
    assert (made.status_code, made.json()) == (201, {**shown, "secret": "soko_secret"})
    assert made.headers["Cache-Control"] == "no-store"
    assert listed.json() == {"items": [shown], "next_cursor": None}
    (call,) = running.services.got("CreateApiKey")
    assert (list(call.request.scopes), call.request.expires_in_days) == (["catalog:read"], 90)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "k", "scopes": ["accounts:write"]}, "/scopes/0"),
        ({"name": "k", "scopes": []}, "/scopes"),
        ({"name": "k", "expires_in_days": 0}, "/expires_in_days"),
        ({"name": "k", "expires_in_days": 367}, "/expires_in_days"),
        ({"scopes": ["orders:read"]}, "/name"),
    ],
)
async def test_a_wrong_key_is_not_asked_for(running, body, pointer):
    answer = await running.client.post("/v1/api-keys", json=body, headers=running.issuer.bearer())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not running.services.got("CreateApiKey")


async def test_an_account_with_a_second_factor_steps_up_to_make_a_key(running):
    person = running.issuer.bearer(second_factor=True)
    found = await code_of(running, "POST", "/v1/api-keys", person, json={"name": "k"})
    assert found == (403, "step_up_required")
    assert not running.services.got("CreateApiKey")
