"""Five real databases with some orders, behind the services' own audit RPCs."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import grpc
import psycopg
import pytest

from auditor.audit import AuditOptions
from auditor.findings import Report
from auditor.running import run_audit
from catalog.adapters.audit import audit_of as catalog_audit
from chassis.audit_server import AuditServicer
from chassis.clock import SystemClock
from chassis.database import Database
from chassis.grpc_server import RequestInterceptor
from devstack.postgres import PostgresServer
from identity.adapters.audit import audit_of as identity_audit
from notifications.adapters.audit import audit_of as notifications_audit
from orders.adapters.audit import audit_of as orders_audit
from payments.adapters.audit import audit_of as payments_audit
from soko.audit.v1 import audit_pb2_grpc
from tests.audit.population import PACKAGES, migrate, populate

ORDERS = 999
"""As many as there are variants, so that each order has one of its own; all plants have room."""
AUDITS = {
    "identity": identity_audit,
    "catalog": catalog_audit,
    "orders": orders_audit,
    "payments": payments_audit,
    "notifications": notifications_audit,
}
SUBSCRIPTIONS = {
    "orders": [("payments", ["payment_captured", "refund_settled"])],
    "catalog": [("identity", ["seller_opened"])],
    "payments": [("orders", ["order_delivered"])],
    "notifications": [
        (
            "orders",
            ["order_placed", "order_confirmed", "order_payment_changed", "order_cancelled"],
        ),
        ("payments", ["refund_settled"]),
    ],
}
_numbers = itertools.count(1)


class Unseen:
    """Progress that nobody looks at."""

    def steps(self, title: str, done: int, total: int) -> None:
        pass


class Deployment:
    """Databases that a test may spoil, and the audit of them."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.urls = urls

    def spoil(self, service: str, *statements: str) -> None:
        """Change rows behind the service's back, without the triggers that would refuse it."""
        with psycopg.connect(self.urls[service], autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    async def audit(self, options: AuditOptions | None = None) -> Report:
        """Audit with small pages, and without patience."""
        options = options or AuditOptions(quiet_s=0, patience_s=0, page=70)
        async with self.serving() as targets:
            return await run_audit(targets, options, SystemClock(), Unseen())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[dict[str, str]]:
        """Serve each database as its service does; give the targets."""
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="soko-audit-"))
            targets = {}
            for name, url in self.urls.items():
                db = Database(url)
                await db.open()
                stack.push_async_callback(db.close)
                server = grpc.aio.server(interceptors=[RequestInterceptor(None)])
                audit_pb2_grpc.add_AuditServiceServicer_to_server(
                    AuditServicer(AUDITS[name](db), SUBSCRIPTIONS.get(name, [])), server
                )
                targets[name] = f"unix:{folder}/{name}.sock"
                server.add_insecure_port(targets[name])
                await server.start()
                stack.push_async_callback(server.stop, None)
            yield targets


@pytest.fixture(scope="session")
def sound_urls(make_database: Callable[[], str]) -> dict[str, str]:
    """Databases of a deployment where all is well."""
    urls = {}
    for name in PACKAGES:
        urls[name] = make_database()
        migrate(name, urls[name])
        populate(name, urls[name], ORDERS)
    return urls


@pytest.fixture(scope="session")
def sound(sound_urls: dict[str, str]) -> Deployment:
    """Databases that no test changes."""
    return Deployment(sound_urls)


@pytest.fixture(scope="module")
def deployment(sound_urls: dict[str, str], postgres_server: PostgresServer) -> Deployment:
    """Copies that the tests of one module may change."""
    urls = {}
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        for name, original in sound_urls.items():
            copy = f"audited_{next(_numbers)}"
            template = urlsplit(original).path.strip("/")
            connection.execute(f"CREATE DATABASE {copy} TEMPLATE {template} STRATEGY file_copy")
            urls[name] = postgres_server.url(copy)
    return Deployment(urls)
