"""The one place where this service's adapters are constructed."""

from __future__ import annotations

from collections.abc import Callable

from catalog.adapters.audit import audit_of
from catalog.adapters.categories import PostgresCategoryReader
from catalog.adapters.identity_grpc import IdentityClient
from catalog.adapters.inventory import PostgresInventory
from catalog.adapters.media_store import ObjectMediaStore, PostgresMediaReader
from catalog.adapters.pictures import PictureRenderer
from catalog.adapters.product_reader import PostgresProductReader
from catalog.adapters.sellers import PostgresSellerReader, PostgresSellers
from catalog.adapters.unit_of_work import unit_of_work
from catalog.app.access import SellerAccess
from catalog.app.add_media import AddMediaHandler
from catalog.app.add_variant import AddVariantHandler
from catalog.app.archive_product import ArchiveProductHandler
from catalog.app.commit_stock import CommitStockHandler
from catalog.app.create_category import CreateCategoryHandler
from catalog.app.create_location import CreateLocationHandler
from catalog.app.create_product import CreateProductHandler
from catalog.app.get_product import GetProductHandler
from catalog.app.get_stock import GetStockHandler
from catalog.app.list_locations import ListLocationsHandler
from catalog.app.list_products import ListProductsHandler
from catalog.app.ports import Inventory, UnitOfWork
from catalog.app.product_desk import ProductDesk
from catalog.app.release_stock import ReleaseStockHandler
from catalog.app.remove_variant import RemoveVariantHandler
from catalog.app.reserve_stock import ReserveStockHandler
from catalog.app.seller_directory import SellerDirectory
from catalog.app.set_stock import SetStockHandler
from catalog.app.ship_stock import ShipStockHandler
from catalog.app.take_back_stock import TakeBackStockHandler
from catalog.app.update_category import UpdateCategoryHandler
from catalog.app.update_product import UpdateProductHandler
from catalog.app.update_variant import UpdateVariantHandler
from catalog.entrypoints.catalog_service import CatalogServicer, CatalogUseCases
from catalog.entrypoints.event_consumer import SellerEvents
from catalog.entrypoints.inventory_service import InventoryServicer, InventoryUseCases
from catalog.entrypoints.jobs import HoldExpiry, StockAnnouncer
from catalog.entrypoints.media_service import MediaServicer
from catalog.settings import Settings
from chassis.broker import Broker
from chassis.clock import Clock, SystemClock
from chassis.consumer import EventConsumer
from chassis.cursors import CursorCodec
from chassis.database import Database
from chassis.iso import CURRENCY_EXPONENTS
from chassis.outbox import Relay
from chassis.process import ServiceApp, ServiceContext
from soko.catalog.v1 import catalog_pb2_grpc, inventory_pb2_grpc, media_pb2_grpc

_CURRENCIES = CURRENCY_EXPONENTS.keys()


async def build(context: ServiceContext[Settings]) -> ServiceApp:
    """Return the service, not yet started."""
    settings, clock = context.settings, SystemClock()
    # Planning a list anew each time costs twice what running it does. The relay's statements have
    # no one plan that is good for an empty and for a large outbox.
    hot = Database(settings.database_url, max_size=settings.database_pool_max, plan_once=True)
    db = Database(settings.database_url, max_size=max(2, settings.database_pool_max // 2))
    broker = Broker(settings.nats_url, context.name)
    identity = IdentityClient(context.peer("identity", settings.identity_target))
    relay = Relay(db, broker, "catalog")
    inventory = PostgresInventory(hot)
    announcer = StockAnnouncer(inventory, relay.nudge)
    uow = unit_of_work(db, relay.nudge)
    access = SellerAccess(identity)
    desk = ProductDesk(uow, access)
    sellers = SellerDirectory(PostgresSellerReader(db), identity, uow, clock)
    events = SellerEvents(PostgresSellers, clock)
    # Moves of stock do not wake the relay: nobody waits for their events, and batches cost less.
    stock = _inventory(inventory, sellers, access, clock, announcer.nudge)
    return ServiceApp(
        services=[
            (
                catalog_pb2_grpc.add_CatalogServiceServicer_to_server,
                _catalog(settings, (hot, db), uow, desk, sellers, access, clock),
            ),
            (
                inventory_pb2_grpc.add_InventoryServiceServicer_to_server,
                InventoryServicer(db, stock),
            ),
            (
                media_pb2_grpc.add_MediaServiceServicer_to_server,
                _media(settings, (hot, db), uow, desk, clock),
            ),
        ],
        background=[
            relay,
            announcer,
            HoldExpiry(inventory, clock, announcer.nudge),
            EventConsumer(
                db,
                broker,
                service="catalog",
                context="identity",
                handlers={"seller_opened": events.opened, "seller_updated": events.updated},
                max_deliveries=settings.event_tries,
            ),
        ],
        databases=[hot, db],
        broker=broker,
        audit=audit_of(db),
    )


def _catalog(
    settings: Settings,
    databases: tuple[Database, Database],
    uow: UnitOfWork,
    desk: ProductDesk,
    sellers: SellerDirectory,
    access: SellerAccess,
    clock: Clock,
) -> CatalogServicer:
    hot, db = databases
    reader = PostgresProductReader(hot)
    cursors = CursorCodec(*settings.secrets)
    currency = settings.default_currency
    update = UpdateProductHandler(uow, desk, clock)
    use_cases = CatalogUseCases(
        list_products=ListProductsHandler(reader, cursors, _CURRENCIES, currency),
        get_product=GetProductHandler(reader, access, _CURRENCIES, currency),
        create_product=CreateProductHandler(uow, sellers, access, _CURRENCIES, clock),
        update_product=update,
        archive_product=ArchiveProductHandler(update),
        add_variant=AddVariantHandler(uow, desk, _CURRENCIES, clock),
        update_variant=UpdateVariantHandler(uow, desk, _CURRENCIES, clock),
        remove_variant=RemoveVariantHandler(uow, desk, clock),
        create_category=CreateCategoryHandler(uow, clock),
        update_category=UpdateCategoryHandler(uow),
    )
    return CatalogServicer(db, use_cases, reader, PostgresCategoryReader(hot), currency)


def _inventory(
    inventory: Inventory,
    sellers: SellerDirectory,
    access: SellerAccess,
    clock: Clock,
    moved: Callable[[], None],
) -> InventoryUseCases:
    return InventoryUseCases(
        list_locations=ListLocationsHandler(inventory, sellers, access),
        create_location=CreateLocationHandler(inventory, sellers, access, clock),
        get_stock=GetStockHandler(inventory, access),
        set_stock=SetStockHandler(inventory, access, moved),
        reserve=ReserveStockHandler(inventory, clock, moved),
        commit=CommitStockHandler(inventory),
        release=ReleaseStockHandler(inventory, moved),
        ship=ShipStockHandler(inventory),
        take_back=TakeBackStockHandler(inventory, moved),
    )


def _media(
    settings: Settings,
    databases: tuple[Database, Database],
    uow: UnitOfWork,
    desk: ProductDesk,
    clock: Clock,
) -> MediaServicer:
    hot, db = databases
    store = ObjectMediaStore(settings.media_url)
    add = AddMediaHandler(uow, desk, store, PictureRenderer(), clock)
    return MediaServicer(db, add, PostgresMediaReader(hot), store)
