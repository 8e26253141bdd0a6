"""The client's address as services are told it."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT = "203.0.113.9"
ADDRESS = "soko-client-address"


async def told(running, **headers):
    await running.client.get(
        "/v1/products/a-kettle", headers={"Cache-Control": "no-cache", **headers}
    )
    return running.services.got("GetProduct")[-1].metadata[ADDRESS]


async def test_services_are_told_who_is_connected_whatever_the_client_says(running):
    forged = {"X-Forwarded-For": CLIENT, "Forwarded": f"for={CLIENT}"}
    assert await told(running, **forged, ADDRESS=CLIENT) == "127.0.0.1"


async def test_behind_a_trusted_proxy_services_are_told_whom_it_names(
    services, issuer, nats_url, start_gateway, make_settings
):
    settings = make_settings(services, nats_url, trusted_proxies="127.0.0.0/8")
    async for running in start_gateway(settings, services, issuer):
        assert await told(running, **{"X-Forwarded-For": f"198.51.100.1, {CLIENT}"}) == CLIENT
        assert await told(running) == "127.0.0.1"
