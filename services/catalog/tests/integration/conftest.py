"""The whole service behind a real gRPC server, with an identity that tests control."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from catalog.bootstrap import build
from catalog.settings import Settings
from chassis.auth import AccessTokenVerifier
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.process import ServiceContext
from services.catalog.tests.integration.clients import Client, Identity
from soko.identity.v1 import seller_pb2_grpc


async def serve(verifier: Any, listen: str, add: Any) -> grpc.aio.Server:
    server = grpc.aio.server(interceptors=[RequestInterceptor(verifier)])
    add(server)
    server.add_insecure_port(listen)
    await server.start()
    return server


@pytest.fixture
async def client(catalog_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    identity = Identity()  # type: ignore[abstract]  # what the catalog never asks is not answered
    identity_server = await serve(
        None,
        f"unix:{tmp_path}/i.sock",
        lambda server: seller_pb2_grpc.add_SellerServiceServicer_to_server(identity, server),
    )
    settings = Settings(
        secret="x" * 32,
        database_url=catalog_url,
        media_url=(tmp_path / "media").as_uri(),
        identity_target=f"unix:{tmp_path}/i.sock",
    )
    context = ServiceContext("catalog", settings)
    app = await build(context)
    for database in app.databases:
        await database.open()
    target = f"unix:{tmp_path}/c.sock"
    client = Client(
        app,
        Peer("catalog", target, service="gateway"),
        Peer("catalog", target, service="orders"),
        identity,
    )

    def add(server: grpc.aio.Server) -> None:
        for add_to, servicer in app.services:
            add_to(servicer, server)

    server = await serve(cast(AccessTokenVerifier, client.tokens), target, add)
    yield client
    await client.peer.close()
    await client.orders.close()
    await server.stop(0)
    for peer in context.peers:
        await peer.close()
    await identity_server.stop(0)
    for database in app.databases:
        await database.close()
