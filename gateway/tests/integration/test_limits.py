"""Requests that are too large, too slow or no HTTP, byte by byte; the gateway goes on serving."""

import asyncio

import orjson
import pytest

from chassis.ids import format_id, new_id
from gateway import http_protocol
from gateway.bodies import json_body
from soko.identity.v1 import key_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARTS = b"POST /v1/carts HTTP/1.1\r\nHost: soko\r\nContent-Type: application/json\r\n"
READ = b"GET /v1/carts/%s HTTP/1.1\r\nHost: soko\r\n" % format_id("cart", new_id()).encode()


async def opened(running):
    return await asyncio.open_connection("127.0.0.1", running.port)


async def answer(reader):
    """Return status, headers and document of the next answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, orjson.loads(body) if body else None


async def refused(running, *sent, status, code):
    """Send something; expect one problem and the end of the connection, and that others go on."""
    reader, writer = await opened(running)
    for part in sent:
        writer.write(part)
        await writer.drain()
    got, headers, problem = await answer(reader)
    assert (got, problem["code"]) == (status, code)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-content-type-options"] == "nosniff"
    assert len(problem["trace_id"]) == 32
    assert await reader.read() == b""
    writer.close()
    assert (await running.client.get("/livez")).status_code == 200
    assert running.services.got("CreateCart") == []


async def test_a_target_has_an_end(running):
    long = b"GET /v1/products?q=" + b"x" * 9000
    await refused(running, long, status=414, code="target_too_long")
    await refused(
        running, long + b" HTTP/1.1\r\nHost: s\r\n\r\n", status=414, code="target_too_long"
    )


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n",
        b"X-Long: " + b"y" * 40_000 + b"\r\n\r\n",
        b"X-Endless: " + b"y" * 200_000,
        b"y" * 200_000,
    ],
)
async def test_headers_have_an_end(running, headers):
    await refused(running, CARTS + headers, status=431, code="headers_too_large")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"HELO\r\n"])
async def test_what_is_no_http_is_told_so(running, sent):
    await refused(running, sent, status=400, code="malformed_request")


async def test_a_head_that_trickles_is_not_waited_for(running, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    await refused(running, READ, b"X-Slow: ", status=408, code="request_timeout")
    reader, writer = await opened(running)
    assert await reader.read() == b""
    writer.close()


async def test_a_second_head_that_trickles_is_not_waited_for(running, monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_S", 0.1)
    await refused_after_one(running, READ[:30], 408, "request_timeout")


async def refused_after_one(running, second, status, code):
    reader, writer = await opened(running)
    writer.write(READ + b"\r\n")
    assert (await answer(reader))[0] != status
    writer.write(second)
    got, _, problem = await answer(reader)
    assert (got, problem["code"]) == (status, code)
    assert await reader.read() == b""
    writer.close()


async def test_a_body_that_trickles_is_not_waited_for(running, monkeypatch):
    monkeypatch.setattr(json_body, "_GRACE_S", 0.1)
    monkeypatch.setattr(json_body, "_SLOWEST_BYTES_S", 1 << 40)
    head = CARTS + b"Content-Length: 100\r\n\r\n"
    await refused(running, head, b'{"items"', status=408, code="request_timeout")
    chunked = CARTS + b"Transfer-Encoding: chunked\r\n\r\n"
    await refused(running, chunked, b"1\r\n{\r\n", status=408, code="request_timeout")


async def test_a_body_without_end_is_cut_off(running, monkeypatch):
    monkeypatch.setattr(http_protocol, "LINGER_S", 0.2)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    head = CARTS + b"Transfer-Encoding: chunked\r\n\r\n"
    await refused(running, head, *[chunk] * 20, status=413, code="body_too_large")


async def test_what_is_left_of_a_body_may_come_and_the_connection_goes_on(running):
    body = b" " * (2 << 20)
    reader, writer = await opened(running)
    writer.write(CARTS + b"Content-Length: %d\r\n\r\n" % len(body))
    assert (await answer(reader))[0] == 413
    writer.write(body)
    writer.write(READ + b"\r\n")
    assert (await answer(reader))[0] != 413
    writer.close()


async def test_a_client_that_leaves_in_the_middle_changes_nothing(running):
    for sent in (READ, CARTS + b'Content-Length: 100\r\n\r\n{"items"'):
        _, writer = await opened(running)
        writer.write(sent)
        await writer.drain()
        writer.transport.abort()
    assert (await running.client.get("/livez")).status_code == 200
    assert running.services.got("CreateCart") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 65 + b"]" * 65, 400),
        (b"[" * 64 + b"1" + b"]" * 64, 422),
        (b'"' + b"[" * 99 + b'"', 422),
        (b'{"items": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}", 400),
        (b"[" * 1000 + b'"\\u0000"' + b"]" * 1000, 400),
        (b'{"items": [' + b",".join([b"{}"] * 500) + b"]}", 422),
    ],
)
async def test_documents_are_not_deep(running, body, status):
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    got = await running.client.post("/v1/carts", content=body, headers=headers)
    assert got.status_code == status, got.text
    assert running.services.got("CreateCart") == []


async def test_a_query_has_few_parameters(running):
    query = "&".join(f"p{number}=1" for number in range(70))
    got = await running.client.get(f"/v1/products?{query}")
    assert (got.status_code, got.json()["code"]) == (422, "invalid_parameter")


async def test_a_form_has_few_parts(running):
    product = format_id("prd", new_id())
    parts = [(f"alt{number}", (None, "x")) for number in range(20)]
    got = await running.client.post(
        f"/v1/products/{product}/media", files=parts, headers=running.issuer.bearer()
    )
    assert got.status_code == 400
    assert running.services.got("AddMedia") == []


async def test_an_address_has_so_many_connections_and_others_have_theirs(
    services, issuer, nats_url, start_gateway, make_settings
):
    services.reset()
    services.answers["GetJwks"] = lambda _request, _metadata: key_pb2.GetJwksResponse(
        jwks_json=issuer.jwks
    )
    settings = make_settings(services, nats_url, connections_per_address=3)
    async for running in start_gateway(settings, services, issuer):
        kept = [await opened(running) for _ in range(3)]
        reader, _ = await opened(running)
        got, headers, problem = await answer(reader)
        assert (got, problem["code"]) == (429, "too_many_connections")
        assert headers["retry-after"] == "1"
        for _, writer in kept:
            writer.close()
            await writer.wait_closed()
        again, writer = await opened(running)
        writer.write(READ + b"\r\n")
        assert (await answer(again))[0] != 429
        writer.close()
    settings = make_settings(
        services, nats_url, connections_per_address=1, trusted_proxies="127.0.0.1"
    )
    async for running in start_gateway(settings, services, issuer):
        kept = [await opened(running) for _ in range(3)]
        for reader, writer in kept:
            writer.write(READ + b"\r\n")
            assert (await answer(reader))[0] != 429
            writer.close()
