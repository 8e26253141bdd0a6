"""The services behind the gateway: one channel each and the stubs that speak over it."""

from __future__ import annotations

from collections.abc import Sequence

from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from chassis.grpc_client import Peer
from chassis.tls import TlsFiles
from gateway.settings import GatewaySettings
from soko.audit.v1 import log_pb2_grpc, report_pb2_grpc
from soko.catalog.v1 import catalog_pb2_grpc, inventory_pb2_grpc, media_pb2_grpc
from soko.identity.v1 import (
    account_pb2_grpc,
    api_key_pb2_grpc,
    auth_pb2_grpc,
    credential_pb2_grpc,
    external_login_pb2_grpc,
    key_pb2_grpc,
    mailed_link_pb2_grpc,
    seller_pb2_grpc,
    session_pb2_grpc,
)
from soko.notifications.v1 import notification_pb2_grpc
from soko.notifications.v1 import timeline_pb2_grpc as notices_timeline
from soko.ops.v1 import ops_pb2_grpc
from soko.orders.v1 import cart_pb2_grpc, fulfilment_pb2_grpc, order_pb2_grpc
from soko.orders.v1 import timeline_pb2_grpc as orders_timeline
from soko.payments.v1 import (
    bookkeeping_pb2_grpc,
    payment_pb2_grpc,
    payout_pb2_grpc,
    provider_webhook_pb2_grpc,
)
from soko.payments.v1 import timeline_pb2_grpc as payments_timeline
from soko.privacy.v1 import personal_data_pb2_grpc

NAME = "gateway"
"""Services treat a call in this name as its user's: a guest's unless it carries a token."""

AS_ITSELF: Sequence[tuple[str, str]] = (("soko-service", "gateway-itself"),)
"""Metadata of calls that the gateway makes on its own account, after it has decided who may."""


class Service:
    """A service that the gateway asks."""

    def __init__(
        self, name: str, target: str, tls: TlsFiles | None, timeout_s: float = 3.0
    ) -> None:
        self.name = name
        self.peer = Peer(name, target, service=NAME, default_timeout_s=timeout_s, tls=tls)
        self.timeout_s = timeout_s
        self.audit_log = log_pb2_grpc.AuditLogServiceStub(self.peer.channel)
        self.ops = ops_pb2_grpc.OpsServiceStub(self.peer.channel)
        # The health package's stubs do not know that its stub has methods.
        self.check_health = self.peer.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )


class Identity(Service):
    """identity: accounts, sessions, API keys, sellers, keys that sign."""

    def __init__(self, target: str, tls: TlsFiles | None) -> None:
        super().__init__("identity", target, tls)
        self.auth = auth_pb2_grpc.AuthServiceStub(self.peer.channel)
        self.accounts = account_pb2_grpc.AccountServiceStub(self.peer.channel)
        self.api_keys = api_key_pb2_grpc.ApiKeyServiceStub(self.peer.channel)
        self.credentials = credential_pb2_grpc.CredentialServiceStub(self.peer.channel)
        self.external = external_login_pb2_grpc.ExternalLoginServiceStub(self.peer.channel)
        self.sessions = session_pb2_grpc.SessionServiceStub(self.peer.channel)
        self.sellers = seller_pb2_grpc.SellerServiceStub(self.peer.channel)
        self.keys = key_pb2_grpc.KeyServiceStub(self.peer.channel)
        self.links = mailed_link_pb2_grpc.MailedLinkServiceStub(self.peer.channel)
        self.personal = personal_data_pb2_grpc.PersonalDataServiceStub(self.peer.channel)


class Catalog(Service):
    """catalog: products, categories, stock, pictures."""

    def __init__(self, target: str, tls: TlsFiles | None) -> None:
        super().__init__("catalog", target, tls)
        self.catalog = catalog_pb2_grpc.CatalogServiceStub(self.peer.channel)
        self.inventory = inventory_pb2_grpc.InventoryServiceStub(self.peer.channel)
        self.media = media_pb2_grpc.MediaServiceStub(self.peer.channel)


class Orders(Service):
    """orders: carts, checkout, orders."""

    def __init__(self, target: str, tls: TlsFiles | None) -> None:
        super().__init__("orders", target, tls)
        self.carts = cart_pb2_grpc.CartServiceStub(self.peer.channel)
        self.checkout = order_pb2_grpc.CheckoutServiceStub(self.peer.channel)
        self.orders = order_pb2_grpc.OrderServiceStub(self.peer.channel)
        self.fulfilment = fulfilment_pb2_grpc.FulfilmentServiceStub(self.peer.channel)
        self.timeline = orders_timeline.TimelineServiceStub(self.peer.channel)
        self.personal = personal_data_pb2_grpc.PersonalDataServiceStub(self.peer.channel)


class Payments(Service):
    """payments: payments, refunds, the sandbox, the ledger."""

    def __init__(self, target: str, tls: TlsFiles | None) -> None:
        super().__init__("payments", target, tls)
        self.payments = payment_pb2_grpc.PaymentServiceStub(self.peer.channel)
        self.refunds = payment_pb2_grpc.RefundServiceStub(self.peer.channel)
        self.sandbox = payment_pb2_grpc.SandboxServiceStub(self.peer.channel)
        self.ledger = payment_pb2_grpc.LedgerServiceStub(self.peer.channel)
        self.payouts = payout_pb2_grpc.PayoutServiceStub(self.peer.channel)
        self.bookkeeping = bookkeeping_pb2_grpc.BookkeepingServiceStub(self.peer.channel)
        self.webhooks = provider_webhook_pb2_grpc.ProviderWebhookServiceStub(self.peer.channel)
        self.timeline = payments_timeline.TimelineServiceStub(self.peer.channel)


class Notifications(Service):
    """notifications: the inbox and real-time messages."""

    def __init__(self, target: str, tls: TlsFiles | None) -> None:
        super().__init__("notifications", target, tls)
        self.notifications = notification_pb2_grpc.NotificationServiceStub(self.peer.channel)
        self.realtime = notification_pb2_grpc.RealtimeServiceStub(self.peer.channel)
        self.audits = report_pb2_grpc.AuditReportServiceStub(self.peer.channel)
        self.timeline = notices_timeline.TimelineServiceStub(self.peer.channel)
        self.personal = personal_data_pb2_grpc.PersonalDataServiceStub(self.peer.channel)


class Backend:
    """Every service behind the gateway. Make it on the event loop that will use it."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.identity = Identity(settings.identity_target, settings.tls)
        self.catalog = Catalog(settings.catalog_target, settings.tls)
        self.orders = Orders(settings.orders_target, settings.tls)
        self.payments = Payments(settings.payments_target, settings.tls)
        self.notifications = Notifications(settings.notifications_target, settings.tls)

    @property
    def services(self) -> Sequence[Service]:
        """All of them, in the order of the documents."""
        return (self.identity, self.catalog, self.orders, self.payments, self.notifications)

    async def close(self) -> None:
        """Close every channel."""
        for service in self.services:
            await service.peer.close()
