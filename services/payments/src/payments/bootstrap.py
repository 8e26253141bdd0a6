"""The one place where the payments' parts are put together."""

from __future__ import annotations

from chassis.broker import Broker
from chassis.clock import SystemClock
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.outbox import Relay
from chassis.process import ServiceApp, ServiceContext
from payments.adapters.audit import audit_of
from payments.adapters.guarded_provider import GuardedProvider
from payments.adapters.identity_grpc import IdentityMemberships
from payments.adapters.json_http import JsonHttp
from payments.adapters.ledger_reader import PostgresLedger
from payments.adapters.payment_history import PostgresPaymentHistory
from payments.adapters.payment_repository import PostgresPayments
from payments.adapters.sandbox import SandboxProvider
from payments.app.authorize import AuthorizeHandler
from payments.app.cancel_payment import CancelPaymentHandler
from payments.app.capture import CaptureHandler
from payments.app.create_refund import CreateRefundHandler
from payments.app.decide_payment import DecidePaymentHandler
from payments.app.methods import Method, Methods
from payments.app.resolve_due import ResolveDue
from payments.app.settle import Settler
from payments.entrypoints.ledger_service import LedgerServicer
from payments.entrypoints.payment_service import PaymentServicer, SandboxServicer
from payments.entrypoints.refund_service import RefundServicer
from payments.entrypoints.resolver import Resolver
from payments.entrypoints.timeline_service import TimelineServicer
from payments.settings import PaymentsSettings
from soko.payments.v1 import payment_pb2_grpc as rpc
from soko.payments.v1 import timeline_pb2_grpc


async def build(context: ServiceContext[PaymentsSettings]) -> ServiceApp:
    """Construct the adapters, the use cases and the servicers of one process."""
    settings = context.settings
    db = Database(settings.database_url, max_size=settings.database_pool_max, name="payments")
    broker = Broker(settings.nats_url, "payments")
    relay = Relay(db, broker, "payments")
    sandbox_http = JsonHttp(settings.sandbox_target) if settings.sandbox else None
    sandbox = SandboxProvider(sandbox_http) if sandbox_http else None
    methods = _methods(settings, sandbox)
    clock = SystemClock()
    payments = PostgresPayments(db, relay.nudge)
    settler = Settler(payments, methods, clock)
    memberships = IdentityMemberships(context.peer("identity", settings.identity_target))
    app = ServiceApp(
        services=[
            (
                rpc.add_PaymentServiceServicer_to_server,
                PaymentServicer(
                    AuthorizeHandler(payments, methods, settler, clock),
                    CaptureHandler(payments, methods, settler, clock),
                    CancelPaymentHandler(payments, settler, clock),
                    payments,
                    methods,
                ),
            ),
            (
                rpc.add_RefundServiceServicer_to_server,
                RefundServicer(CreateRefundHandler(payments, settler, memberships, clock), db),
            ),
            (
                rpc.add_LedgerServiceServicer_to_server,
                LedgerServicer(PostgresLedger(db), CursorCodec(settings.secret.get_secret_value())),
            ),
            (
                timeline_pb2_grpc.add_TimelineServiceServicer_to_server,
                TimelineServicer(PostgresPaymentHistory(db)),
            ),
        ],
        background=[relay, Resolver(ResolveDue(payments, settler, clock))],
        databases=[db],
        broker=broker,
        audit=audit_of(db),
    )
    if sandbox is not None and sandbox_http is not None:
        app.close.append(sandbox_http.close)
        decide = DecidePaymentHandler(payments, sandbox, sandbox.name, settler)
        app.services.append((rpc.add_SandboxServiceServicer_to_server, SandboxServicer(decide)))
    return app


def _methods(settings: PaymentsSettings, sandbox: SandboxProvider | None) -> Methods:
    methods = {}
    if sandbox is not None:
        methods["sandbox"] = Method("sandbox", "Sandbox", GuardedProvider(sandbox))
    if settings.cash_on_delivery_enabled:
        methods["cash_on_delivery"] = Method("cash_on_delivery", "Cash on delivery", None)
    return Methods(methods)
