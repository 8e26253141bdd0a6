"""The one place where the gateway's adapters are constructed and put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from chassis.broker import Broker
from chassis.logs import get_logger
from gateway.access_log import AccessLog
from gateway.api_keys import ApiKeys, Exchange
from gateway.app import create_application, direct_lists
from gateway.authentication import Authenticator, RevokedSessions, SecuredAccounts
from gateway.backend import AS_ITSELF, Backend
from gateway.buckets import MemoryBuckets
from gateway.cache import AnswerCache
from gateway.cached_reads import CachedReads
from gateway.client_address import ClientAddresses, networks
from gateway.cors import Cors, origins
from gateway.door import Door
from gateway.freshness import Freshness, SessionNews
from gateway.http_protocol import ConnectionCap
from gateway.readiness import Readiness, checks_of
from gateway.realtime import FetchMessages, Hub, StoredMessage
from gateway.settings import GatewaySettings
from gateway.throttle import Throttle
from soko.identity.v1.api_key_pb2 import ExchangeApiKeyRequest
from soko.identity.v1.auth_pb2 import ListRevokedSessionsRequest
from soko.identity.v1.key_pb2 import GetJwksRequest
from soko.notifications.v1.notification_pb2 import ListMessagesRequest

_log = get_logger(__name__)


class Gateway:
    """A gateway of one process: the ASGI callable and what a server must tell it."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.application = create_application(settings, self._lifespan)
        self.reads = CachedReads(
            self.application,
            AnswerCache(settings.cache_max_bytes),
            direct_lists(self.application),
        )
        self.access_log = AccessLog(settings.access_log)
        self.addresses = ClientAddresses(networks(settings.trusted_proxies), settings.proxy_header)
        self.throttle = throttle_of(settings)
        self.asgi: ASGIApp = Door(
            self.application,
            self.reads,
            self.access_log,
            self.addresses,
            self.throttle,
            Cors(origins(settings.cors_origins), credentials=settings.cors_credentials),
        )
        self.connections = ConnectionCap(settings.connections_per_address, self.addresses.is_proxy)
        self.readiness: Readiness | None = None
        self.hub: Hub | None = None

    def draining(self) -> None:
        """Say that the server is about to end: to balancers, and with each answer to clients."""
        self.connections.ending = True
        if self.readiness is not None:
            self.readiness.draining()

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Open channels and subscriptions on the server's event loop; close them at the end."""
        backend = Backend(self.settings)
        broker = Broker(self.settings.nats_url, "gateway")
        revoked, secured = RevokedSessions(), SecuredAccounts()
        hub = Hub(broker, _messages_of(backend))
        freshness = Freshness(self.reads, broker, on_reset=hub.resync)
        sessions = SessionNews(revoked, secured, broker, _recent_ids_of(backend))
        readiness = Readiness(checks_of(backend, broker))
        revoked.on_revoked(hub.end_session)
        self.readiness, self.hub = readiness, hub
        app.state.backend = backend
        app.state.throttle = self.throttle
        app.state.authenticator = Authenticator(
            _jwks_of(backend), revoked, secured, ApiKeys(_exchange_of(backend))
        )
        app.state.freshness = freshness
        app.state.sessions = sessions
        app.state.readiness = readiness
        app.state.hub = hub
        await freshness.start()
        await sessions.start()
        hub.start()
        # A broker that is away must not keep the gateway from serving what does not need it.
        connecting = asyncio.create_task(_connect(broker, readiness))
        try:
            yield
        finally:
            readiness.draining()
            connecting.cancel()
            freshness.close()
            sessions.close()
            await hub.close()
            await broker.close()
            await self.throttle.close()
            await backend.close()
            self.access_log.flush()


def throttle_of(settings: GatewaySettings) -> Throttle:
    """Return the rate limits: shared where there is a store for them, else this process's own."""
    own = MemoryBuckets()
    url = settings.redis_url.get_secret_value()
    if not url:
        return Throttle(settings.limits, own)
    # Imported here, because its client takes several MiB that most deployments do not need.
    from gateway.shared_buckets import SharedBuckets

    return Throttle(settings.limits, own, SharedBuckets(url, own))


async def _connect(broker: Broker, readiness: Readiness) -> None:
    await broker.connect()
    readiness.started()


def _jwks_of(backend: Backend) -> Callable[[], Awaitable[str]]:
    identity = backend.identity

    async def fetch() -> str:
        reply = await identity.peer.call(identity.keys.GetJwks, GetJwksRequest(), retry=True)
        return reply.jwks_json

    return fetch


def _exchange_of(backend: Backend) -> Exchange:
    identity = backend.identity

    async def exchange(key: str) -> tuple[str, float]:
        reply = await identity.peer.call(
            identity.api_keys.ExchangeApiKey, ExchangeApiKeyRequest(secret=key), retry=True
        )
        return reply.access_token, reply.expires_in_s

    return exchange


def _recent_ids_of(backend: Backend) -> Callable[[], Awaitable[Sequence[str]]]:
    identity = backend.identity

    async def fetch() -> Sequence[str]:
        reply = await identity.peer.call(
            identity.auth.ListRevokedSessions,
            ListRevokedSessionsRequest(),
            metadata=AS_ITSELF,
            retry=True,
        )
        return [*reply.session_ids, *reply.api_key_ids, *reply.secured_account_ids]

    return fetch


def _messages_of(backend: Backend) -> FetchMessages:
    notifications = backend.notifications

    async def fetch(group: str, after: int | None) -> Sequence[StoredMessage]:
        reply = await notifications.peer.call(
            notifications.realtime.ListMessages,
            ListMessagesRequest(group=group, after=after),
            metadata=AS_ITSELF,
            retry=True,
        )
        return [StoredMessage(each.sequence, each.body_json) for each in reply.messages]

    return fetch
