"""A gateway on a real port in front of fake services that speak real gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import orjson
import pytest
import pytest_asyncio
import uvicorn
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from grpc_status import rpc_status
from joserfc import jwt
from joserfc.jwk import OKPKey

from chassis.broker import Broker, Outgoing
from chassis.envelope import Envelope
from chassis.errors import ServiceError, to_status
from chassis.ids import format_id, new_id
from devstack.testing import eventually
from gateway.bootstrap import Gateway
from gateway.server import server_config
from gateway.settings import GatewaySettings
from gateway.supervisor import bind
from soko.audit.v1 import log_pb2, report_pb2
from soko.catalog.v1 import catalog_pb2, inventory_pb2, media_pb2
from soko.identity.v1 import (
    account_pb2,
    api_key_pb2,
    auth_pb2,
    credential_pb2,
    external_login_pb2,
    key_pb2,
    mailed_link_pb2,
    seller_pb2,
    session_pb2,
)
from soko.notifications.v1 import notification_pb2
from soko.notifications.v1 import timeline_pb2 as notices_timeline
from soko.ops.v1 import ops_pb2
from soko.orders.v1 import cart_pb2, fulfilment_pb2, order_pb2
from soko.orders.v1 import timeline_pb2 as orders_timeline
from soko.payments.v1 import bookkeeping_pb2, payment_pb2, payout_pb2, provider_webhook_pb2
from soko.payments.v1 import timeline_pb2 as payments_timeline
from soko.privacy.v1 import personal_data_pb2

SERVICES: Mapping[str, tuple[Any, ...]] = {
    "identity": (
        log_pb2,
        account_pb2,
        api_key_pb2,
        auth_pb2,
        credential_pb2,
        external_login_pb2,
        key_pb2,
        mailed_link_pb2,
        ops_pb2,
        personal_data_pb2,
        seller_pb2,
        session_pb2,
    ),
    "catalog": (catalog_pb2, inventory_pb2, media_pb2),
    "orders": (cart_pb2, fulfilment_pb2, order_pb2, orders_timeline),
    "notifications": (notification_pb2, notices_timeline, report_pb2),
    "payments": (
        payment_pb2,
        payments_timeline,
        provider_webhook_pb2,
        payout_pb2,
        bookkeeping_pb2,
    ),
}
Answer = Callable[[Any, Mapping[str, str]], Any]


@dataclass(frozen=True)
class Call:
    """An RPC that a fake service got."""

    method: str
    request: Any
    metadata: Mapping[str, str]


@dataclass
class FakeServices(grpc.GenericRpcHandler):
    """Every service behind the gateway, each on a socket of its own.

    ``answers`` maps an RPC's name to what answers it: a function of request and metadata that
    returns the response, or a pair of response and trailing metadata, or raises ServiceError.
    Without one the answer is an empty message.
    """

    folder: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    servers: dict[str, grpc.aio.Server] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._handlers: dict[str, Any] = {}
        for modules in SERVICES.values():
            for module in modules:
                for service in module.DESCRIPTOR.services_by_name.values():
                    for method in service.methods:
                        path = f"/{service.full_name}/{method.name}"
                        self._handlers[path] = self._handler(method)
        self._handlers["/grpc.health.v1.Health/Check"] = grpc.unary_unary_rpc_method_handler(
            self._healthy,
            request_deserializer=health_pb2.HealthCheckRequest.FromString,
            response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
        )

    def service(self, handler_call_details: Any) -> Any:
        return self._handlers.get(handler_call_details.method)

    async def _healthy(self, _request: Any, _context: Any) -> Any:
        return health_pb2.HealthCheckResponse(
            status=health_pb2.HealthCheckResponse.ServingStatus.SERVING
        )

    def _handler(self, method: Any) -> Any:
        answer_type = GetMessageClass(method.output_type)

        async def handle(request: Message, context: Any) -> Any:
            metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
            self.calls.append(Call(method.name, request, metadata))
            answer = self.answers.get(method.name, lambda _request, _metadata: answer_type())
            try:
                found = answer(request, metadata)
                if inspect.isawaitable(found):
                    found = await found
            except ServiceError as error:
                await context.abort_with_status(rpc_status.to_status(to_status(error)))
            if isinstance(found, tuple):
                found, trailers = found
                context.set_trailing_metadata(tuple(trailers.items()))
            return found

        return grpc.unary_unary_rpc_method_handler(
            handle,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=answer_type.SerializeToString,
        )

    def target(self, name: str) -> str:
        return f"unix:{self.folder}/{name}.sock"

    async def start(self, name: str) -> None:
        server = grpc.aio.server(options=(("grpc.max_receive_message_length", 8 << 20),))
        server.add_generic_rpc_handlers((self,))
        server.add_insecure_port(self.target(name))
        await server.start()
        self.servers[name] = server

    async def stop(self, name: str) -> None:
        await self.servers.pop(name).stop(None)

    async def stop_all(self) -> None:
        for name in list(self.servers):
            await self.stop(name)

    def reset(self) -> None:
        self.answers.clear()
        self.calls.clear()

    def got(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]


class Issuer:
    """Signs access tokens as identity does."""

    def __init__(self) -> None:
        self.key = OKPKey.generate_key("Ed25519", {"kid": "test"}, private=True)
        self.jwks = orjson.dumps({"keys": [self.key.as_dict(private=False)]}).decode()

    def token(self, account_id: str, *roles: str, session_id: str = "", **claims: object) -> str:
        now = int(time.time())
        return jwt.encode(
            {"alg": "Ed25519", "typ": "at+jwt", "kid": "test"},
            {
                "iss": "soko",
                "aud": "soko",
                "sub": account_id,
                "sid": session_id or format_id("ses", new_id()),
                "roles": ["buyer", *roles],
                "sellers": {},
                "iat": now,
                "nbf": now,
                "exp": now + 600,
                **claims,
            },
            self.key,
            algorithms=["Ed25519"],
        )

    def bearer(self, *roles: str, **claims: Any) -> dict[str, str]:
        account_id = format_id("usr", new_id())
        return {"Authorization": f"Bearer {self.token(account_id, *roles, **claims)}"}


@dataclass
class Running:
    """A gateway that serves."""

    gateway: Gateway
    services: FakeServices
    issuer: Issuer
    client: httpx.AsyncClient
    server: uvicorn.Server
    port: int

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for unix sockets."""
    folder = Path(tempfile.mkdtemp(prefix="soko-gw-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


class _QuietServer(uvicorn.Server):
    """Leaves the test runner's signal handlers alone."""

    def capture_signals(self) -> Any:  # type: ignore[override]
        return contextlib.nullcontext()


async def run_gateway(
    settings: GatewaySettings, services: FakeServices, issuer: Issuer
) -> AsyncIterator[Running]:
    """Serve until the generator is closed."""
    gateway = Gateway(settings)
    sock = bind("127.0.0.1", 0, shared=False)
    port = sock.getsockname()[1]
    server = _QuietServer(server_config(gateway))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.wait([serving], timeout=0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        yield Running(gateway, services, issuer, client, server, port)
    server.should_exit = True
    await serving


def settings_for(services: FakeServices, nats_url: str, **changes: Any) -> GatewaySettings:
    return GatewaySettings(
        **{
            "secret": "s" * 32,
            "nats_url": nats_url,
            **{f"{name}_target": services.target(name) for name in SERVICES},
            "sandbox_enabled": True,
            "access_log": "off",
            "drain_s": 2,
            **changes,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(short_folder: Path) -> AsyncIterator[FakeServices]:
    """The fake services of one module."""
    fakes = FakeServices(short_folder)
    for name in SERVICES:
        await fakes.start(name)
    yield fakes
    await fakes.stop_all()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_gateway(
    services: FakeServices, issuer: Issuer, nats_url: str
) -> AsyncIterator[Running]:
    """The gateway that the tests of one module share."""
    async for running in run_gateway(settings_for(services, nats_url), services, issuer):
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def running(module_gateway: Running) -> Running:
    """The module's gateway in front of services that remember nothing of the test before."""
    state = module_gateway.gateway.application.state
    await eventually(lambda: state.freshness.listening and state.sessions.listening)
    module_gateway.services.reset()
    module_gateway.services.answers["GetJwks"] = lambda _request, _metadata: (
        key_pb2.GetJwksResponse(jwks_json=module_gateway.issuer.jwks)
    )
    module_gateway.gateway.reads.cache.forget_all()
    return module_gateway


@pytest.fixture
def start_gateway() -> Callable[..., Any]:
    """Return ``run_gateway`` for tests that need settings or services of their own."""
    return run_gateway


@pytest.fixture
def make_settings() -> Callable[..., GatewaySettings]:
    return settings_for


@pytest_asyncio.fixture(loop_scope="module")
async def publish(nats_url: str) -> AsyncIterator[Callable[..., Any]]:
    """Return a function that publishes a context's event as its relay would."""
    broker = Broker(nats_url, "test")
    await broker.connect()

    async def publish(context: str, name: str, message: Message) -> None:
        event = Envelope(
            new_id(), name, f"/soko/{context}", datetime.now(UTC), "", 1, "",
            message.SerializeToString(),
        )  # fmt: skip
        headers = event.headers(context, str(event.id))
        await broker.publish(Outgoing(f"soko.{context}.{name}.v1", event.data, headers))

    yield publish
    await broker.close()


@pytest.fixture
def make_id() -> Callable[[str], str]:
    """Return a function that makes ids."""
    return lambda prefix: format_id(prefix, new_id())
