"""The hand-made health check against the real library."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.health_probe import gateway_readiness, grpc_serves
from devstack.nats import free_port


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[str, health.aio.HealthServicer]]:
    address = f"unix:{tmp_path / 's.sock'}"
    status = health.aio.HealthServicer()
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    server.add_insecure_port(address)
    await server.start()
    yield address, status
    await server.stop(0)


async def test_a_serving_process_is_ready_and_a_draining_one_is_not(
    server: tuple[str, health.aio.HealthServicer],
) -> None:
    address, status = server
    await status.set("", health_pb2.HealthCheckResponse.SERVING)
    assert await asyncio.to_thread(grpc_serves, address)
    await status.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    assert not await asyncio.to_thread(grpc_serves, address)


async def test_a_container_asks_its_own_process() -> None:
    status = health.aio.HealthServicer()
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await status.set("", health_pb2.HealthCheckResponse.SERVING)
    assert await _asked({"SOKO_PROBE_LISTEN": f"0.0.0.0:{port}"}) == 0
    await status.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    assert await _asked({"SOKO_PROBE_LISTEN": f"0.0.0.0:{port}"}) == 1
    await server.stop(0)


@pytest.mark.parametrize(("livez", "code"), [("200 OK", 0), ("503 Service Unavailable", 1)])
async def test_the_gateways_container_asks_whether_it_lives(livez: str, code: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        writer.write(f"HTTP/1.1 {livez if asked == b'/livez' else '404'}\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await _asked({"SOKO_HTTP_PORT": str(port)}) == code
    server.close()


async def _asked(variables: dict[str, str]) -> int:
    command = [sys.executable, "-m", "chassis.health_probe"]
    done = await asyncio.to_thread(subprocess.run, command, env=variables, check=False)
    return done.returncode


def test_nobody_there_is_not_ready(tmp_path: Path) -> None:
    assert not grpc_serves(f"unix:{tmp_path / 'nobody.sock'}")
    assert gateway_readiness("127.0.0.1", free_port()).status == ""


@pytest.mark.parametrize(
    ("body", "status", "ailing"),
    [
        ('{"status":"ready","checks":{"orders":{"ok":true}}}', "ready", ()),
        (
            '{"status":"degraded","checks":{"orders":{"ok":false,"detail":"away"}}}',
            "degraded",
            ("orders: away",),
        ),
        ("<html>somebody else's server</html>", "", ()),
    ],
)
async def test_the_gateway_tells_how_it_is(body: str, status: str, ailing: tuple[str]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    readiness = await asyncio.to_thread(gateway_readiness, "127.0.0.1", port)
    assert (readiness.status, readiness.ailing) == (status, ailing)
    server.close()
