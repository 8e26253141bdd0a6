"""The one place where the orders' parts are put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chassis.broker import Broker
from chassis.clock import Clock, SystemClock
from chassis.consumer import EventConsumer
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.outbox import Relay
from chassis.periodic import FIGURES_EVERY_S, Periodic
from chassis.personal_data import PersonalDataServicer
from chassis.process import Background, ServiceApp, ServiceContext
from orders.adapters.audit import audit_of
from orders.adapters.cart_store import PostgresCarts
from orders.adapters.catalog_grpc import CatalogInventory, CatalogParcels, CatalogVariants
from orders.adapters.deleted_accounts import PostgresDeletedAccounts
from orders.adapters.identity_grpc import IdentityAccounts, IdentitySellers
from orders.adapters.leftovers import PostgresLeftovers
from orders.adapters.order_store import PostgresCheckouts, PostgresOrders, PostgresPaymentNews
from orders.adapters.part_store import PostgresSellerParts
from orders.adapters.payments_grpc import PaymentsClient
from orders.adapters.personal_data import PERSONAL_DATA
from orders.adapters.remembered_variants import FORGETTING_EVENTS, RememberedVariants
from orders.adapters.saga_ages import PostgresSagaAges
from orders.adapters.shipment_store import PostgresCarrierInbox, PostgresShipments
from orders.adapters.told_events import PostgresToldEvents
from orders.app.add_item import AddItemHandler
from orders.app.apply_carrier_updates import ApplyCarrierUpdates, ApplyCarrierUpdatesHandler
from orders.app.cancel_items import CancelItemsHandler
from orders.app.cancel_order import CancelOrderHandler
from orders.app.checkout_cart import CheckoutCartHandler
from orders.app.claim_cart import ClaimCartHandler
from orders.app.create_cart import CreateCartHandler
from orders.app.create_shipment import CreateShipmentHandler
from orders.app.edit_cart import CartEditor
from orders.app.forget_accounts import AT_ONCE as ORDERS_AT_ONCE
from orders.app.forget_accounts import ForgetAccounts, ForgetAccountsHandler
from orders.app.get_cart import GetCartHandler
from orders.app.get_my_cart import GetMyCartHandler
from orders.app.get_order import GetOrderHandler
from orders.app.get_timeline import GetTimelineHandler
from orders.app.list_orders import ListOrdersHandler
from orders.app.list_seller_orders import ListSellerOrdersHandler
from orders.app.move_parcel_stock import MAX_BATCH as PARCELS_AT_ONCE
from orders.app.move_parcel_stock import MoveParcelStock, MoveParcelStockHandler
from orders.app.receive_carrier_update import ReceiveCarrierUpdateHandler
from orders.app.record_shipment_event import RecordShipmentEventHandler, ShipmentRecorder
from orders.app.remove_item import RemoveItemHandler
from orders.app.reservation_cap import ReservationCap
from orders.app.resume_sagas import ResumeSagas, ResumeSagasHandler
from orders.app.run_saga import SagaRunner
from orders.app.seller_staff import SellerStaff
from orders.app.set_email import SetEmailHandler
from orders.app.set_shipping_address import SetShippingAddressHandler
from orders.app.settle_orders import MAX_BATCH as SAGAS_AT_ONCE
from orders.app.settle_orders import SettleOrdersHandler
from orders.app.sweep import SweepHandler
from orders.app.take_money import MoneyTaker
from orders.app.update_item import UpdateItemHandler
from orders.domain.guest_token import GuestTokens
from orders.entrypoints.account_events import ACCOUNT_DELETED, AccountEvents
from orders.entrypoints.cart_service import CartServicer, CartUseCases
from orders.entrypoints.checkout_service import CheckoutServicer
from orders.entrypoints.due_worker import DueWorker
from orders.entrypoints.event_consumer import PAYMENT_EVENTS, PaymentEventHandler
from orders.entrypoints.fulfilment_service import FulfilmentServicer, FulfilmentUseCases
from orders.entrypoints.order_figures import order_counter
from orders.entrypoints.order_service import OrderServicer, OrderUseCases
from orders.entrypoints.saga_watch import SagaWatch
from orders.entrypoints.settle_worker import SettleWorker
from orders.entrypoints.sweeper import Sweeper
from orders.entrypoints.timeline_service import TimelineServicer
from orders.settings import OrdersSettings
from soko.orders.v1 import (
    cart_pb2_grpc,
    fulfilment_pb2_grpc,
    order_pb2_grpc,
    timeline_pb2_grpc,
)
from soko.privacy.v1 import personal_data_pb2_grpc

_CONTEXT = "orders"
_SAGAS_EVERY_S = 0.5
_PARCELS_EVERY_S = 2.0
_FORGET_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the use cases share."""

    db: Database
    carts: PostgresCarts
    checkouts: PostgresCheckouts
    shipments: PostgresShipments
    carriers: PostgresCarrierInbox
    parcels: CatalogParcels
    variants: CatalogVariants
    remembered: RememberedVariants
    inventory: CatalogInventory
    payments: PaymentsClient
    accounts: IdentityAccounts
    sellers: IdentitySellers
    staff: SellerStaff
    tokens: GuestTokens
    cursors: CursorCodec
    clock: Clock
    settings: OrdersSettings


async def build(context: ServiceContext[OrdersSettings]) -> ServiceApp:
    """Construct the adapters, the use cases, the servicers and the workers of one process."""
    settings = context.settings
    db = Database(settings.database_url, max_size=settings.database_pool_max, name=_CONTEXT)
    broker = Broker(settings.nats_url, _CONTEXT)
    relay = Relay(db, broker, _CONTEXT, on_published=order_counter(settings.default_currency))
    parts = _parts(context, db, relay)
    remembered = parts.remembered
    await broker.follow("catalog", remembered.hear, remembered.forget, FORGETTING_EVENTS)
    settle = SettleOrdersHandler(
        parts.checkouts, parts.inventory, parts.payments, parts.clock, settings.capture_policy
    )
    settle_worker = SettleWorker(settle)
    runner = SagaRunner(
        parts.checkouts,
        parts.carts,
        parts.inventory,
        parts.payments,
        parts.variants,
        settle_worker,
        parts.clock,
    )
    resume = ResumeSagasHandler(parts.checkouts, runner, settle, parts.clock)
    saga_worker = DueWorker(
        "sagas", lambda: resume(ResumeSagas()), batch=SAGAS_AT_ONCE, poll_s=_SAGAS_EVERY_S
    )
    parcel_worker, fulfilment, cancel_items = _fulfilment(parts, settle, saga_worker)
    checkout = _checkout(parts, runner)
    watch = SagaWatch(PostgresSagaAges(db), parts.clock)
    return ServiceApp(
        services=[
            (
                cart_pb2_grpc.add_CartServiceServicer_to_server,
                CartServicer(_cart_use_cases(parts), parts.tokens, db),
            ),
            (
                order_pb2_grpc.add_CheckoutServiceServicer_to_server,
                CheckoutServicer(checkout, parts.tokens),
            ),
            (
                order_pb2_grpc.add_OrderServiceServicer_to_server,
                OrderServicer(_order_use_cases(parts, saga_worker, cancel_items), db),
            ),
            (
                fulfilment_pb2_grpc.add_FulfilmentServiceServicer_to_server,
                FulfilmentServicer(fulfilment, db, parts.clock),
            ),
            (
                personal_data_pb2_grpc.add_PersonalDataServiceServicer_to_server,
                PersonalDataServicer(db, PERSONAL_DATA),
            ),
            (
                timeline_pb2_grpc.add_TimelineServiceServicer_to_server,
                TimelineServicer(_timeline(parts)),
            ),
        ],
        background=[
            relay,
            settle_worker,
            saga_worker,
            Periodic("saga watch", FIGURES_EVERY_S, watch.look),
            parcel_worker,
            _consumer(parts, broker, relay, saga_worker),
            *_forgetting(parts, broker),
            Sweeper(SweepHandler(PostgresLeftovers(db)), parts.clock),
        ],
        databases=[db],
        broker=broker,
        audit=audit_of(db),
    )


def _parts(context: ServiceContext[OrdersSettings], db: Database, relay: Relay) -> _Parts:
    settings = context.settings
    catalog = context.peer("catalog", settings.catalog_target)
    payments = context.peer("payments", settings.payments_target)
    identity = context.peer("identity", settings.identity_target)
    variants = CatalogVariants(catalog)
    sellers = IdentitySellers(identity)
    return _Parts(
        db=db,
        carts=PostgresCarts(db),
        checkouts=PostgresCheckouts(db, relay.nudge),
        shipments=PostgresShipments(db, relay.nudge),
        carriers=PostgresCarrierInbox(db),
        parcels=CatalogParcels(catalog),
        variants=variants,
        remembered=RememberedVariants(variants),
        inventory=CatalogInventory(catalog),
        payments=PaymentsClient(payments),
        accounts=IdentityAccounts(identity),
        sellers=sellers,
        staff=SellerStaff(PostgresSellerParts(db), sellers),
        tokens=GuestTokens(*settings.secrets),
        cursors=CursorCodec(*settings.secrets),
        clock=SystemClock(),
        settings=settings,
    )


def _checkout(parts: _Parts, runner: SagaRunner) -> CheckoutCartHandler:
    settings = parts.settings
    cap = ReservationCap(
        settings.secret.get_secret_value(),
        per_cart=settings.reserved_units_per_cart,
        per_account=settings.reserved_units_per_account,
        per_address=settings.reserved_units_per_address,
    )
    return CheckoutCartHandler(
        parts.carts,
        parts.checkouts,
        runner,
        parts.variants,
        parts.accounts,
        parts.tokens,
        parts.clock,
        timedelta(seconds=settings.payment_window_s),
        cap,
    )


def _cart_use_cases(parts: _Parts) -> CartUseCases:
    editor = CartEditor(parts.carts, parts.tokens, parts.clock)
    return CartUseCases(
        create=CreateCartHandler(
            parts.carts, parts.remembered, parts.clock, parts.settings.default_currency
        ),
        get=GetCartHandler(parts.carts, parts.tokens),
        get_mine=GetMyCartHandler(parts.carts),
        add_item=AddItemHandler(editor, parts.remembered),
        update_item=UpdateItemHandler(editor, parts.remembered),
        remove_item=RemoveItemHandler(editor),
        claim=ClaimCartHandler(parts.carts, parts.tokens, parts.clock),
        set_email=SetEmailHandler(editor),
        set_shipping_address=SetShippingAddressHandler(editor),
    )


def _fulfilment(
    parts: _Parts, settle: SettleOrdersHandler, saga_worker: DueWorker
) -> tuple[DueWorker, FulfilmentUseCases, CancelItemsHandler]:
    """Return what does with parcels what is due, and what sellers can ask for."""
    staff, clock, wake_saga = parts.staff, parts.clock, saga_worker.wake
    money = MoneyTaker(parts.checkouts, settle, parts.payments, clock, wake_saga)
    move_stock = MoveParcelStockHandler(parts.shipments, parts.parcels, parts.payments, clock)

    async def work() -> int:
        updated = await apply_updates(ApplyCarrierUpdates())
        return max(updated, await move_stock(MoveParcelStock()))

    worker = DueWorker("parcels", work, batch=PARCELS_AT_ONCE, poll_s=_PARCELS_EVERY_S)
    recorder = ShipmentRecorder(parts.shipments, clock, worker.wake)
    apply_updates = ApplyCarrierUpdatesHandler(parts.carriers, parts.checkouts, recorder, clock)
    secrets = parts.settings.secrets_of_carriers
    use_cases = FulfilmentUseCases(
        create=CreateShipmentHandler(parts.shipments, staff, money, clock, worker.wake),
        record=RecordShipmentEventHandler(staff, recorder, clock),
        receive=ReceiveCarrierUpdateHandler(parts.carriers, secrets, clock, worker.wake),
    )
    cancel_items = CancelItemsHandler(
        parts.checkouts,
        parts.shipments,
        staff,
        money,
        parts.payments,
        clock,
        saga_due=wake_saga,
        parcel_due=worker.wake,
    )
    return worker, use_cases, cancel_items


def _order_use_cases(
    parts: _Parts, saga_worker: DueWorker, cancel_items: CancelItemsHandler
) -> OrderUseCases:
    orders = PostgresOrders(parts.db)
    return OrderUseCases(
        get=GetOrderHandler(orders, parts.tokens),
        list=ListOrdersHandler(orders, parts.cursors),
        list_of_seller=ListSellerOrdersHandler(orders, parts.sellers, parts.cursors),
        cancel=CancelOrderHandler(parts.checkouts, parts.tokens, saga_worker.wake, parts.clock),
        cancel_items=cancel_items,
    )


def _timeline(parts: _Parts) -> GetTimelineHandler:
    events = PostgresToldEvents(parts.db)
    return GetTimelineHandler(parts.checkouts, events, parts.staff, parts.tokens)


def _consumer(parts: _Parts, broker: Broker, relay: Relay, saga_worker: DueWorker) -> EventConsumer:
    def committed() -> None:
        relay.nudge()
        saga_worker.wake()

    handler = PaymentEventHandler(PostgresPaymentNews, committed, parts.clock)
    return EventConsumer(
        parts.db,
        broker,
        service=_CONTEXT,
        context="payments",
        batch_names=PAYMENT_EVENTS,
        batch_handler=handler.handle,
        after_commit=handler.after_commit,
        max_deliveries=parts.settings.event_tries,
    )


def _forgetting(parts: _Parts, broker: Broker) -> list[Background]:
    """Return what hears of deleted accounts, and what forgets them."""
    forget = ForgetAccountsHandler(PostgresDeletedAccounts(parts.db))
    worker = DueWorker(
        "forgetting",
        lambda: forget(ForgetAccounts(parts.clock.now())),
        batch=ORDERS_AT_ONCE,
        poll_s=_FORGET_EVERY_S,
    )
    events = AccountEvents(PostgresDeletedAccounts, worker.wake)
    consumer = EventConsumer(
        parts.db,
        broker,
        service=_CONTEXT,
        context="identity",
        handlers={ACCOUNT_DELETED: events.handle},
        after_commit=events.after_commit,
        max_deliveries=parts.settings.event_tries,
    )
    return [consumer, worker]
