"""``python -m identity`` as it is run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis.broker import Broker
from chassis.envelope import Envelope
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.tls import TlsFiles
from devstack.certificates import issue_all
from devstack.nats import free_port
from devstack.testing import eventually
from services.identity.tests.integration.conftest import ENCRYPTION_KEY, SIGNING_KEY, Client
from soko.events.v1 import identity_pb2 as events
from soko.identity.v1 import key_pb2, key_pb2_grpc


def environment(database_url: str, nats_url: str, listen: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SOKO_")}
    return own | {
        "SOKO_SECRET": "x" * 32,
        "SOKO_DATABASE_URL": database_url,
        "SOKO_NATS_URL": nats_url,
        "SOKO_GRPC_LISTEN": listen,
        "SOKO_TOKEN_SIGNING_KEY": SIGNING_KEY,
        "SOKO_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    }


def run(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "identity", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_process_serves_tells_and_drains_and_roles_are_granted_beside_it(
    make_database: Callable[[], str], nats_url: str, tmp_path: Path
) -> None:
    listen = f"unix:{tmp_path}/i.sock"
    env = environment(make_database(), nats_url, listen)
    assert run(["migrate"], env).returncode == 0
    server = subprocess.Popen([sys.executable, "-m", "identity", "serve"], env=env)
    client = Client(listen)
    heard: dict[UUID, tuple[str, bytes]] = {}
    broker = Broker(nats_url, "test")

    async def hear(envelope: Envelope) -> None:
        if envelope.aggregate_id.startswith("usr_"):
            heard[envelope.id] = (envelope.name, envelope.data)

    async def reset() -> None:
        pass

    try:
        await broker.connect()

        async with asyncio.timeout(20):
            await client.gateway.channel.channel_ready()
        await broker.ensure_stream("identity")
        await broker.follow("identity", hear, reset)
        person = await client.person()
        granted = await asyncio.to_thread(run, ["grant", person.email.upper(), "admin"], env)
        assert (granted.returncode, granted.stderr) == (0, "")
        assert granted.stdout == (
            f"{person.email} is admin from now on; all its roles: admin, buyer.\n"
        )
        await eventually(lambda: len(heard) >= 2, timeout_s=20)
        assert list(heard.values()) == [
            (
                "account_registered",
                events.AccountRegistered(account_id=person.id, locale="en").SerializeToString(),
            ),
            (
                "role_granted",
                events.RoleGranted(
                    account_id=person.id, roles=["admin", "buyer"]
                ).SerializeToString(),
            ),
        ]
        server.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(server.wait, 15) == 0
    finally:
        server.kill()
        server.wait()
        await client.close()
        await broker.close()


def test_granting_says_what_is_wrong(identity_url: str, nats_url: str) -> None:
    env = environment(identity_url, nats_url, "")
    unknown = run(["grant", "nobody@soko.example", "admin"], env)
    assert unknown.returncode == 1
    assert "nobody@soko.example" in unknown.stderr
    emperor = run(["grant", "nobody@soko.example", "emperor"], env)
    assert emperor.returncode == 1
    assert "admin, moderator, operator, buyer" in emperor.stderr
    assert "Traceback" not in unknown.stderr + emperor.stderr


def test_a_wrong_start_says_what_is_missing(nats_url: str) -> None:
    env = environment("", nats_url, "")
    del env["SOKO_TOKEN_SIGNING_KEY"]
    result = run(["serve"], env)
    assert result.returncode == 1
    assert "SOKO_TOKEN_SIGNING_KEY" in result.stderr
    assert "SOKO_DATABASE_URL" in result.stderr
    assert "usage" in run(["dance"], env).stderr


def test_signing_keys_are_listed_and_rotated_by_command(
    make_database: Callable[[], str], nats_url: str
) -> None:
    env = environment(make_database(), nats_url, "")
    assert run(["migrate"], env).returncode == 0

    def states(shown: subprocess.CompletedProcess[str]) -> list[str]:
        assert (shown.returncode, shown.stderr) == (0, "")
        return [
            line.split()[1] for line in shown.stdout.splitlines() if "(set" in line or "Z" in line
        ]

    assert states(run(["keys", "list"], env)) == ["signing"]
    rotated = run(["keys", "rotate", "--lead", "10"], env)
    assert "is published and signs from" in rotated.stdout.splitlines()[0]
    refused = run(["keys", "rotate"], env)
    assert refused.returncode == 1
    assert "published already" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run(["keys", "dance"], env).returncode == 2
    compromised = run(["keys", "rotate", "--compromised"], env)
    assert states(compromised)[-3:] == ["retired", "retired", "signing"]


async def test_over_tcp_a_process_serves_certified_callers_and_plain_probes(
    identity_url: str, nats_url: str, tmp_path: Path
) -> None:
    own, orders = (
        TlsFiles(folder / "cert.pem", folder / "key.pem", tmp_path / "ca.pem")
        for folder in issue_all(tmp_path, timedelta(days=1))
        if folder.name in ("identity", "orders")
    )
    address, probes = (f"127.0.0.1:{free_port()}" for _ in range(2))
    env = environment(identity_url, nats_url, address) | {
        "SOKO_ENVIRONMENT": "production",
        "SOKO_PROBE_LISTEN": probes,
        "SOKO_TLS_CERT": str(own.cert),
        "SOKO_TLS_KEY": str(own.key),
        "SOKO_TLS_CA": str(own.ca),
    }
    server = subprocess.Popen([sys.executable, "-m", "identity", "serve"], env=env)
    peer = Peer("identity", address, service="orders", tls=orders)
    plain = Peer("identity", address, service="orders")
    prober = grpc.aio.insecure_channel(probes)

    async def serves() -> bool:
        check = health_pb2_grpc.HealthStub(prober).Check
        answer = await check(health_pb2.HealthCheckRequest(), wait_for_ready=True, timeout=20)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def keys(of: Peer) -> str:
        stub = key_pb2_grpc.KeyServiceStub(of.channel)
        return (await of.call(stub.GetJwks, key_pb2.GetJwksRequest())).jwks_json

    try:
        await eventually(serves, timeout_s=20)
        assert "Ed25519" in await keys(peer)
        with pytest.raises(ServiceError, match="identity"):
            await keys(plain)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await key_pb2_grpc.KeyServiceStub(prober).GetJwks(key_pb2.GetJwksRequest())
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    finally:
        server.kill()
        server.wait()
        await prober.close()
        await peer.close()
        await plain.close()


def test_a_socket_that_others_can_reach_is_refused(
    identity_url: str, nats_url: str, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    result = run(["serve"], environment(identity_url, nats_url, f"unix:{tmp_path}/i.sock"))
    assert result.returncode == 1
    assert f"chmod 700 {tmp_path}" in result.stderr
