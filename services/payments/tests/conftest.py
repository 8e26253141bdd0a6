"""The payments' parts, put together on memory or on PostgreSQL."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

import payments
from chassis.clock import FixedClock
from chassis.database import Database
from chassis.migrations import upgrade
from devstack.testing import sandbox_process
from payments.adapters.json_http import JsonHttp
from payments.adapters.payment_repository import PostgresPayments
from payments.adapters.provider_events import PostgresProviderEvents
from payments.adapters.sandbox import SandboxProvider
from payments.app.authorize import AuthorizeHandler
from payments.app.cancel_payment import CancelPaymentHandler
from payments.app.capture import CaptureHandler
from payments.app.commission_rules import CurrentRules
from payments.app.create_refund import CreateRefundHandler
from payments.app.methods import Method, Methods
from payments.app.ports import PaymentRepository
from payments.app.provider import Provider
from payments.app.record_dispute import RecordDisputeHandler
from payments.app.resolve_due import ResolveDue
from payments.app.settle import Settler
from payments.domain.commission import CommissionRule
from services.payments.tests.builders import NOW
from services.payments.tests.fakes import (
    FixedMemberships,
    MemoryPayments,
    MemoryRules,
    ScriptedProvider,
)

MIGRATIONS = Path(next(iter(payments.__path__))) / "migrations"


@dataclass
class Desk:
    """All use cases over one repository and one provider."""

    payments: PaymentRepository
    provider: Provider
    clock: FixedClock

    def __post_init__(self) -> None:
        methods = Methods(
            {
                "sandbox": Method("sandbox", "Sandbox", self.provider),
                "cash_on_delivery": Method("cash_on_delivery", "Cash on delivery", None),
            }
        )
        self.memberships = FixedMemberships()
        self.settler = Settler(self.payments, methods, self.clock)
        self.rules = MemoryRules()
        rules = CurrentRules(self.rules, CommissionRule(UUID(int=0), "", "", 1000, 0), self.clock)
        self.authorize = AuthorizeHandler(self.payments, methods, self.settler, rules, self.clock)
        self.capture = CaptureHandler(self.payments, methods, self.settler, self.clock)
        self.cancel = CancelPaymentHandler(self.payments, self.settler, self.clock)
        self.refund = CreateRefundHandler(self.payments, self.settler, self.memberships, self.clock)
        self.dispute = RecordDisputeHandler(self.payments, self.clock)
        self.resolve = ResolveDue(self.payments, self.settler, self.clock)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def payments_url(make_database: Callable[[], str]) -> Iterator[str]:
    """The url of a migrated database that all tests share; each uses orders of its own."""
    url = make_database()
    upgrade(url, MIGRATIONS, "payments")
    return url


@pytest.fixture(scope="session")
def sandbox_target() -> Iterator[str]:
    """The address of a sandbox provider, a process of its own."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        target = f"unix:{folder}/sandbox.sock"
        with sandbox_process(target, Path(folder) / "log.sqlite3"):
            yield target


@pytest.fixture
async def sandbox(sandbox_target: str) -> AsyncIterator[SandboxProvider]:
    http = JsonHttp(sandbox_target)
    yield SandboxProvider(http)
    await http.close()


@pytest.fixture
async def database(payments_url: str) -> AsyncIterator[Database]:
    db = Database(payments_url)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def postgres_payments(database: Database) -> PostgresPayments:
    return PostgresPayments(database, lambda: None)


@pytest.fixture
async def postgres_events(database: Database) -> PostgresProviderEvents:
    return PostgresProviderEvents(database)


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider()


@pytest.fixture
def memory() -> MemoryPayments:
    return MemoryPayments()


@pytest.fixture
def desk(memory: MemoryPayments, provider: ScriptedProvider, clock: FixedClock) -> Desk:
    """The use cases in memory."""
    return Desk(memory, provider, clock)
