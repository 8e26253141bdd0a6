"""Puts together what settles with sellers and providers: commission, payouts, settlements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc

from chassis.broker import Broker
from chassis.clock import Clock
from chassis.consumer import EventConsumer
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.process import Background
from payments.adapters.commission_rules import PostgresCommissionRules
from payments.adapters.deliveries import PostgresDeliveries
from payments.adapters.payouts import PostgresPayouts
from payments.adapters.reported_movements import PostgresReportedMovements
from payments.adapters.sandbox_payouts import SandboxPayouts
from payments.adapters.settlements import PostgresSettlements
from payments.app.commission_rules import CurrentRules
from payments.app.create_payout import CreatePayoutHandler, PayoutSender
from payments.app.methods import Methods
from payments.app.ports import Memberships, PaymentRepository
from payments.app.reconcile import ReconcileHandler
from payments.app.record_dispute import RecordDisputeHandler
from payments.app.record_settlement import RecordSettlementHandler
from payments.app.seller_access import SellerAccess
from payments.app.send_due_payouts import SendDuePayouts
from payments.domain.commission import CommissionRule
from payments.entrypoints.bookkeeping_service import BookkeepingServicer
from payments.entrypoints.event_consumer import ORDER_DELIVERED, DeliveryEvents
from payments.entrypoints.payout_service import PayoutServicer
from payments.entrypoints.resolver import Resolver
from payments.settings import PaymentsSettings
from soko.payments.v1 import bookkeeping_pb2_grpc, payout_pb2_grpc

Service = tuple[Callable[[Any, grpc.aio.Server], None], object]


@dataclass(frozen=True, slots=True)
class SellerMoney:
    """What a process adds to its own."""

    services: list[Service]
    background: list[Background]


def current_rules(db: Database, settings: PaymentsSettings, clock: Clock) -> CurrentRules:
    """Return the commission rules; raises CommissionRuleInvalid for impossible settings."""
    default = CommissionRule(
        UUID(int=0), "", "", settings.commission_bps, settings.commission_tax_bps
    )
    default.check()
    return CurrentRules(PostgresCommissionRules(db), default, clock)


def make_seller_money(
    settings: PaymentsSettings,
    db: Database,
    broker: Broker,
    nudge: Callable[[], None],
    payments: PaymentRepository,
    methods: Methods,
    memberships: Memberships,
    clock: Clock,
) -> SellerMoney:
    """Construct the adapters, the use cases and the servicers."""
    payouts = PostgresPayouts(db, nudge)
    sender = PayoutSender(payouts, SandboxPayouts(db), clock) if settings.sandbox else None
    access = SellerAccess(memberships)
    create = CreatePayoutHandler(payouts, sender, access, clock)
    cursors = CursorCodec(*settings.secrets)
    background: list[Background] = [_deliveries_consumer(db, broker, settings)]
    if sender is not None:
        background.append(Resolver(SendDuePayouts(payouts, sender, clock)))
    return SellerMoney(
        services=[
            (
                payout_pb2_grpc.add_PayoutServiceServicer_to_server,
                PayoutServicer(create, payouts, access, cursors, db),
            ),
            (
                bookkeeping_pb2_grpc.add_BookkeepingServiceServicer_to_server,
                BookkeepingServicer(
                    RecordDisputeHandler(payments, clock),
                    RecordSettlementHandler(PostgresSettlements(db), clock),
                    PostgresCommissionRules(db),
                    ReconcileHandler(methods, PostgresReportedMovements(db), clock),
                    clock,
                ),
            ),
        ],
        background=background,
    )


def _deliveries_consumer(db: Database, broker: Broker, settings: PaymentsSettings) -> EventConsumer:
    handler = DeliveryEvents(PostgresDeliveries, timedelta(seconds=settings.earnings_hold_s))
    return EventConsumer(
        db,
        broker,
        service="payments",
        context="orders",
        batch_names=(ORDER_DELIVERED,),
        batch_handler=handler.handle,
        max_deliveries=settings.event_tries,
    )
