"""The one place where the payments' parts are put together."""

from __future__ import annotations

import asyncio

from chassis.broker import Broker
from chassis.clock import SystemClock
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.outbox import Relay
from chassis.process import ServiceApp, ServiceContext
from payments.adapters.audit import audit_of
from payments.adapters.identity_grpc import IdentityMemberships
from payments.adapters.ledger_reader import PostgresLedger
from payments.adapters.payment_history import PostgresPaymentHistory
from payments.adapters.payment_repository import PostgresPayments
from payments.adapters.provider_check import ProviderCheck
from payments.adapters.provider_events import PostgresProviderEvents
from payments.app.authorize import AuthorizeHandler
from payments.app.cancel_payment import CancelPaymentHandler
from payments.app.capture import CaptureHandler
from payments.app.create_refund import CreateRefundHandler
from payments.app.decide_payment import DecidePaymentHandler
from payments.app.handle_events import HandleEvents
from payments.app.receive_webhook import ReceiveWebhookHandler
from payments.app.resolve_due import ResolveDue
from payments.app.settle import Settler
from payments.entrypoints.ledger_service import LedgerServicer
from payments.entrypoints.money_figures import ledger_watch, money_counter
from payments.entrypoints.payment_service import PaymentServicer, SandboxServicer
from payments.entrypoints.refund_service import RefundServicer
from payments.entrypoints.resolver import Resolver
from payments.entrypoints.timeline_service import TimelineServicer
from payments.entrypoints.webhook_service import ProviderWebhookServicer, WebhookWorker
from payments.providers import make_providers
from payments.seller_money import current_rules, make_seller_money
from payments.settings import PaymentsSettings
from soko.payments.v1 import payment_pb2_grpc as rpc
from soko.payments.v1 import provider_webhook_pb2_grpc as webhook_rpc
from soko.payments.v1 import timeline_pb2_grpc


async def build(context: ServiceContext[PaymentsSettings]) -> ServiceApp:
    """Construct the adapters, the use cases and the servicers of one process."""
    settings = context.settings
    db = Database(settings.database_url, max_size=settings.database_pool_max, name="payments")
    broker = Broker(settings.nats_url, "payments")
    relay = Relay(db, broker, "payments", on_published=money_counter(settings.default_currency))
    events = PostgresProviderEvents(db)
    providers = make_providers(settings, events)
    methods = providers.methods
    clock = SystemClock()
    payments = PostgresPayments(db, relay.nudge)
    ledger = PostgresLedger(db)
    settler = Settler(payments, methods, clock)
    rules = current_rules(db, settings, clock)
    memberships = IdentityMemberships(context.peer("identity", settings.identity_target))
    webhook_news = asyncio.Event()
    seller_money = make_seller_money(
        settings, db, broker, relay.nudge, payments, methods, memberships, clock
    )
    app = ServiceApp(
        services=[
            *seller_money.services,
            (
                rpc.add_PaymentServiceServicer_to_server,
                PaymentServicer(
                    AuthorizeHandler(payments, methods, settler, rules, clock),
                    CaptureHandler(payments, methods, settler, clock),
                    CancelPaymentHandler(payments, settler, clock),
                    payments,
                    methods,
                    settler,
                ),
            ),
            (
                rpc.add_RefundServiceServicer_to_server,
                RefundServicer(CreateRefundHandler(payments, settler, memberships, clock), db),
            ),
            (
                rpc.add_LedgerServiceServicer_to_server,
                LedgerServicer(ledger, CursorCodec(*settings.secrets)),
            ),
            (
                timeline_pb2_grpc.add_TimelineServiceServicer_to_server,
                TimelineServicer(PostgresPaymentHistory(db)),
            ),
            (
                webhook_rpc.add_ProviderWebhookServiceServicer_to_server,
                ProviderWebhookServicer(
                    ReceiveWebhookHandler(providers.verifiers, events, clock, webhook_news.set)
                ),
            ),
        ],
        background=[
            relay,
            Resolver(ResolveDue(payments, settler, clock)),
            WebhookWorker(HandleEvents(events, payments, settler, clock), webhook_news),
            *seller_money.background,
            ledger_watch(ledger.imbalances, clock),
        ],
        databases=[db],
        broker=broker,
        audit=audit_of(db, ProviderCheck(methods.providers, clock)),
        close=providers.close,
    )
    if providers.sandbox is not None:
        decide = DecidePaymentHandler(payments, providers.sandbox, "sandbox", settler)
        app.services.append((rpc.add_SandboxServiceServicer_to_server, SandboxServicer(decide)))
    return app
