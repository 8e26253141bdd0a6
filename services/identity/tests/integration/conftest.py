"""The whole service behind a real gRPC server on a unix socket."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis.auth import AccessTokenVerifier
from chassis.database import Database
from chassis.errors import ServiceError
from chassis.grpc_client import Peer
from chassis.grpc_server import RequestInterceptor
from chassis.process import ServiceContext, operators_services
from identity.adapters.login_attempt_store import LoginAttemptStore
from identity.app.guarded_login import claim_of
from identity.bootstrap import build
from identity.settings import IdentitySettings
from services.identity.tests.builders import PASSWORD, make_email
from soko.audit.v1 import log_pb2_grpc
from soko.identity.v1 import (
    account_pb2_grpc,
    api_key_pb2_grpc,
    auth_pb2,
    auth_pb2_grpc,
    credential_pb2_grpc,
    external_login_pb2_grpc,
    key_pb2_grpc,
    mailed_link_pb2_grpc,
    seller_pb2_grpc,
    session_pb2_grpc,
)

SECRET = "x" * 32
SIGNING_KEY = base64.b64encode(bytes(range(32))).decode()
ENCRYPTION_KEY = base64.b64encode(bytes(range(32, 64))).decode()


@dataclass
class Person:
    """A registered account, as its client knows it."""

    id: str
    email: str
    access_token: str
    refresh_token: str


class Client:
    """Calls the service as a guest, as a person or as another service."""

    def __init__(self, target: str) -> None:
        self.gateway = Peer("identity", target, service="gateway")
        self.orders = Peer("identity", target, service="orders")
        self.auth = auth_pb2_grpc.AuthServiceStub(self.gateway.channel)
        self.accounts = account_pb2_grpc.AccountServiceStub(self.gateway.channel)
        self.audit_log = log_pb2_grpc.AuditLogServiceStub(self.gateway.channel)
        self.api_keys = api_key_pb2_grpc.ApiKeyServiceStub(self.gateway.channel)
        self.credentials = credential_pb2_grpc.CredentialServiceStub(self.gateway.channel)
        self.sessions = session_pb2_grpc.SessionServiceStub(self.gateway.channel)
        self.sellers = seller_pb2_grpc.SellerServiceStub(self.gateway.channel)
        self.external = external_login_pb2_grpc.ExternalLoginServiceStub(self.gateway.channel)
        self.keys = key_pb2_grpc.KeyServiceStub(self.gateway.channel)
        self.links = mailed_link_pb2_grpc.MailedLinkServiceStub(self.gateway.channel)

    async def call(
        self, method: Any, request: Any, by: Person | str | None = None, key: str = ""
    ) -> Any:
        """Return the answer; ``by`` is a person or an access token, ``key`` an idempotency key."""
        token = by.access_token if isinstance(by, Person) else by
        metadata = [("authorization", f"Bearer {token}")] if token else []
        if key:
            metadata += [
                ("soko-idempotency-scope", token or "guest"),
                ("soko-idempotency-key", key),
                ("soko-idempotency-fingerprint", request.SerializeToString().hex()),
            ]
        return await self.gateway.call(method, request, metadata=metadata, timeout_s=10)

    async def call_as_service(self, method: Any, request: Any, service: str = "orders") -> Any:
        named = [("soko-service", service)]
        return await self.orders.call(method, request, timeout_s=10, metadata=named)

    async def person(self, email: str = "") -> Person:
        email = email or make_email()
        answer = await self.call(
            self.auth.Register,
            auth_pb2.RegisterRequest(email=email, password=PASSWORD, name="Sample"),
        )
        return Person(
            answer.account.id, email, answer.tokens.access_token, answer.tokens.refresh_token
        )

    async def close(self) -> None:
        await self.gateway.close()
        await self.orders.close()


async def refusal(call: Awaitable[Any]) -> ServiceError:
    """Return the error that a call ends with."""
    with pytest.raises(ServiceError) as raised:
        await call
    return raised.value


async def fail_for_minutes(db: Database, email: str) -> None:
    """Fail so many logins with a name, at no address, that the next has to wait for minutes."""
    store, now = LoginAttemptStore(db, SECRET.encode()), datetime.now(UTC)
    wait_s = 0
    while wait_s < 100:
        wait_s = await store.begin(claim_of(email, ""), now)
        now += timedelta(seconds=wait_s)


@pytest.fixture
def settings(identity_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    return IdentitySettings(
        secret=SECRET,
        database_url=identity_url,
        token_signing_key=SIGNING_KEY,
        encryption_keys=ENCRYPTION_KEY,
        grpc_listen=f"unix:{tmp_path}/identity.sock",
    )


@pytest.fixture
async def client(settings: IdentitySettings) -> AsyncIterator[Client]:
    app = await build(ServiceContext("identity", settings))
    [database] = app.databases
    await database.open()
    assert app.fetch_jwks is not None
    server = grpc.aio.server(interceptors=[RequestInterceptor(AccessTokenVerifier(app.fetch_jwks))])
    for add, servicer in [*app.services, *operators_services("identity", app)]:
        add(servicer, server)
    server.add_insecure_port(settings.grpc_listen)
    await server.start()
    client = Client(settings.grpc_listen)
    yield client
    await client.close()
    await server.stop(0)
    await database.close()
    for close in app.close:
        await close()


@pytest.fixture
def grant(client: Client, db: Any) -> Callable[[Person, str], Awaitable[None]]:
    """Give a person a role behind the service's back."""

    async def grant(person: Person, role: str) -> None:
        await db.execute(
            "UPDATE account SET granted_roles = array_append(granted_roles, %(role)s)"
            " WHERE email = %(email)s",
            {"email": person.email, "role": role},
        )

    return grant
