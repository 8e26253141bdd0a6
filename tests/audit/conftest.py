"""Five real databases with some orders, behind the services' own audit RPCs."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
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

ORDERS = 60
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

    def __init__(self, urls: dict[str, str], folder: Path) -> None:
        self.urls = urls
        self._folder = folder

    def spoil(self, service: str, *statements: str) -> None:
        """Change rows behind the service's back, without the triggers that would refuse it."""
        with psycopg.connect(self.urls[service], autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    async def audit(self, options: AuditOptions | None = None) -> Report:
        """Audit with small pages, and without patience."""
        options = options or AuditOptions(quiet_s=0, patience_s=0, page=7)
        async with self.serving() as targets:
            return await run_audit(targets, options, SystemClock(), Unseen())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[dict[str, str]]:
        """Serve each database as its service does; give the targets."""
        async with AsyncExitStack() as stack:
            targets = {}
            for name, url in self.urls.items():
                db = Database(url)
                await db.open()
                stack.push_async_callback(db.close)
                server = grpc.aio.server(interceptors=[RequestInterceptor(None)])
                audit_pb2_grpc.add_AuditServiceServicer_to_server(
                    AuditServicer(AUDITS[name](db), SUBSCRIPTIONS.get(name, [])), server
                )
                targets[name] = f"unix:{self._folder / name}.sock"
                server.add_insecure_port(targets[name])
                await server.start()
                stack.push_async_callback(server.stop, None)
            yield targets


@pytest.fixture(scope="session")
def templates(make_database: Callable[[], str]) -> dict[str, str]:
    """The databases that each test gets copies of."""
    urls = {}
    for name in PACKAGES:
        urls[name] = make_database()
        migrate(name, urls[name])
        populate(name, urls[name], ORDERS)
    return urls


@pytest.fixture
def deployment(
    templates: dict[str, str], postgres_server: PostgresServer, tmp_path: Path
) -> Iterator[Deployment]:
    urls = {}
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        for name, template in templates.items():
            copy = f"audited_{next(_numbers)}"
            connection.execute(f"CREATE DATABASE {copy} TEMPLATE {database_of(template)}")
            urls[name] = postgres_server.url(copy)
        yield Deployment(urls, tmp_path)
        for url in urls.values():
            connection.execute(f"DROP DATABASE {database_of(url)} WITH (FORCE)")


def database_of(url: str) -> str:
    return urlsplit(url).path.strip("/")
