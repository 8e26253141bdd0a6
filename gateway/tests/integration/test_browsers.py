"""What browsers are told: CORS for pages of other origins, and the headers of every answer."""

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chassis.ids import format_id, new_id
from devstack.testing import eventually
from gateway.settings import GatewaySettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP, OTHER = "https://shop.example", "https://evil.example"
CART = "/v1/carts/cart_01h455vb4pex5vsknk084sn02q"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


@pytest.fixture
def gateway(services, nats_url, issuer, start_gateway, make_settings):
    def start(**changes):
        services.reset()
        changes = {"cors_origins": f"{SHOP}, http://localhost:3000", **changes}
        return start_gateway(make_settings(services, nats_url, **changes), services, issuer)

    return start


async def listens(running):
    """Wait until nothing makes the gateway forget what it cached before the test."""
    await eventually(lambda: running.gateway.application.state.freshness.listening)


def names(answer, header):
    return {each.strip() for each in answer.headers[header].split(",")}


async def test_pages_of_a_listed_origin_may_call_and_read(gateway):
    async for running in gateway():
        await listens(running)
        asked = await running.client.options(CART, headers={"Origin": SHOP, **PREFLIGHT})
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Origin"] == SHOP
        assert {"PUT", "PATCH", "DELETE"} <= names(asked, "Access-Control-Allow-Methods")
        assert {"authorization", "idempotency-key", "x-cart-token", "if-match"} <= names(
            asked, "Access-Control-Allow-Headers"
        )
        assert "Origin" in asked.headers["Vary"]
        assert running.services.got("GetCart") == []
        for path in (CART, "/v1/categories", "/v1/categories", "/v1/nothing"):
            got = await running.client.get(path, headers={"Origin": SHOP})
            assert got.headers.get_list("Access-Control-Allow-Origin") == [SHOP], path
            assert {
                "ETag", "RateLimit", "Retry-After", "X-Request-ID", "Idempotent-Replayed",
            } <= names(got, "Access-Control-Expose-Headers")  # fmt: skip
            assert "Access-Control-Allow-Credentials" not in got.headers
        assert len(running.services.got("ListCategories")) == 1


@pytest.mark.parametrize("origin", [OTHER, "null", SHOP + ".evil.example", SHOP.upper()])
async def test_pages_of_other_origins_may_not(gateway, origin):
    async for running in gateway():
        asked = await running.client.options(CART, headers={"Origin": origin, **PREFLIGHT})
        assert (asked.status_code, asked.json()["code"]) == (403, "origin_not_allowed")
        for path in (CART, "/v1/categories", "/v1/categories"):
            got = await running.client.get(path, headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in got.headers
            assert "Origin" in got.headers["Vary"]


async def test_credentials_are_allowed_where_a_setting_says_so(gateway):
    async for running in gateway(cors_credentials=True):
        got = await running.client.get(CART, headers={"Origin": SHOP})
        assert got.headers["Access-Control-Allow-Credentials"] == "true"


async def test_without_a_list_nothing_is_said(running):
    asked = await running.client.options(CART, headers={"Origin": SHOP, **PREFLIGHT})
    assert asked.status_code == 405
    got = await running.client.get(CART, headers={"Origin": SHOP})
    assert not {name for name in got.headers if name.startswith("access-control")}
    assert "Vary" not in got.headers


@pytest.mark.parametrize("text", ["*", "null", "shop.example", "https://shop.example/", "https://"])
async def test_what_is_no_origin_is_refused_at_the_start(text):
    for name in ("cors_origins", "websocket_origins"):
        with pytest.raises(ValueError, match="no origin"):
            GatewaySettings(secret="s" * 32, **{name: text})


async def close_code(running, origin):
    url = f"{running.websocket_url}/ws/users/{format_id('usr', new_id())}?ticket=t"
    async with connect(url, origin=origin) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    return closed.value.rcvd.reason


async def test_sockets_open_for_pages_of_the_same_origins(gateway):
    own = "https://api.shop.example"
    async for running in gateway(public_url=own + "/"):
        assert await close_code(running, OTHER) == "origin not allowed"
        for origin in (SHOP, own, None):
            assert await close_code(running, origin) != "origin not allowed"


async def test_every_answer_says_what_it_is_not(running):
    for path in (CART, "/v1/categories", "/v1/categories", "/livez", "/v1/nothing", "/docs", "/"):
        got = await running.client.get(path)
        assert got.headers.get_list("X-Content-Type-Options") == ["nosniff"], path
        assert got.headers.get_list("Referrer-Policy") == ["no-referrer"], path
        [policy] = got.headers.get_list("Content-Security-Policy")
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "Strict-Transport-Security" not in got.headers


async def test_other_origins_show_pictures_and_nothing_else(running):
    media = f"/v1/media/{format_id('med', new_id())}/card"
    policies = {
        path: (await running.client.get(path)).headers.get_list("Cross-Origin-Resource-Policy")
        for path in (media, CART, "/docs", "/static/docs.js")
    }
    assert policies == {
        media: ["cross-origin"],
        CART: ["same-origin"],
        "/docs": ["same-origin"],
        "/static/docs.js": ["same-origin"],
    }


async def test_browsers_stay_with_https_where_people_come_by_it(gateway):
    async for running in gateway(public_url="https://shop.example"):
        for path in (CART, "/v1/categories", "/v1/categories", "/docs"):
            got = await running.client.get(path)
            assert got.headers["Strict-Transport-Security"] == "max-age=31536000", path
