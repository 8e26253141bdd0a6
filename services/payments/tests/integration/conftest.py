"""A payments process as it is started, with a real broker and an identity that tests play."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import orjson
import pytest
from joserfc.jwk import KeySet

from chassis.grpc_client import Peer
from services.payments.tests.builders import SELLER
from services.payments.tests.integration.calls import KEY, MEMBER
from soko.identity.v1 import key_pb2, key_pb2_grpc, seller_pb2, seller_pb2_grpc


class Keys(key_pb2_grpc.KeyServiceServicer):
    def GetJwks(self, request, context):  # noqa: N802
        keys = KeySet([KEY]).as_dict(private=False)
        return key_pb2.GetJwksResponse(jwks_json=orjson.dumps(keys).decode())


class Sellers(seller_pb2_grpc.SellerServiceServicer):
    def GetMembership(self, request, context):  # noqa: N802
        mine = (request.seller_id, request.account_id) == (SELLER, MEMBER)
        return seller_pb2.GetMembershipResponse(role="owner" if mine else "")

    def GetSeller(self, request, context):  # noqa: N802
        seller = seller_pb2.Seller(id=SELLER, slug="a-seller", currency="KES")
        if request.id_or_slug not in (SELLER, "a-seller"):
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        return seller_pb2.GetSellerResponse(seller=seller)


@pytest.fixture(scope="session")
def folder():
    with tempfile.TemporaryDirectory(prefix="pay-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def identity(folder) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    key_pb2_grpc.add_KeyServiceServicer_to_server(Keys(), server)
    seller_pb2_grpc.add_SellerServiceServicer_to_server(Sellers(), server)
    target = f"unix:{folder}/identity.sock"
    server.add_insecure_port(target)
    server.start()
    yield target
    server.stop(None)


@pytest.fixture(scope="session")
def target(folder, identity, make_database, nats_url, sandbox_target) -> Iterator[str]:
    """The gRPC target of a payments process."""
    listen = f"unix:{folder}/payments.sock"
    environment = {
        **os.environ,
        "SOKO_SECRET": "a secret for tests that is long enough",
        "SOKO_DATABASE_URL": make_database(),
        "SOKO_NATS_URL": nats_url,
        "SOKO_GRPC_LISTEN": listen,
        "SOKO_IDENTITY_TARGET": identity,
        "SOKO_EARNINGS_HOLD_S": "0",
        "SOKO_SANDBOX_TARGET": sandbox_target,
    }
    command = [sys.executable, "-m", "payments"]
    subprocess.run([*command, "migrate"], env=environment, check=True)
    process = subprocess.Popen([*command, "serve"], env=environment)
    yield listen
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


@pytest.fixture
async def orders(target) -> AsyncIterator[Peer]:
    """The orders service, as far as payments can tell."""
    peer = Peer("payments", target, service="orders", default_timeout_s=10)
    await asyncio.wait_for(peer.channel.channel_ready(), 10)
    yield peer
    await peer.close()


@pytest.fixture
async def gateway(target) -> AsyncIterator[Peer]:
    peer = Peer("payments", target, service="gateway", default_timeout_s=10)
    yield peer
    await peer.close()
